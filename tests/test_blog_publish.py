"""Publishing is a reviewed act: what it refuses, what it shows, where it puts the site, and how it goes back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Done, Space, entry_name

pytestmark = pytest.mark.slow

SITE = (Path(__file__).parents[1] / "site" / "mkdocs.yml").read_text()
YML = "name: A year\nurl: https://year.dev/\nday-1: 2024-01-02\n"
PAGES = "gh-pages"


@pytest.fixture
def blog(space: Space) -> Space:
    """A workspace with two days, in a git repository with a remote beside it."""
    space.write("site/mkdocs.yml", SITE)
    space.write("journal.yml", YML)
    for day in (133, 134):
        space.entry(day=day, body=f"Words of day {day}.\n")
    remote = space.root.parent / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    git(space.root)("init", "--quiet", "--initial-branch", "master")
    git(space.root)("remote", "add", "origin", str(remote))
    return space


def git(folder: Path) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        return subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout

    return run


def remote(blog: Space) -> Callable[..., str]:
    return git(blog.root.parent / "remote.git")


def publish(blog: Space, *arguments: str, check: int = 0) -> Done:
    return blog.run("publish", "--yes", *arguments, check=check)


def files(blog: Space) -> set[str]:
    return set(remote(blog)("ls-tree", "-r", "--name-only", PAGES).split("\n"))


def test_the_site_arrives_and_what_changes_is_said_first(blog: Space) -> None:
    done = publish(blog)
    assert "new: days 133, 134" in done.out
    assert {"index.html", ".nojekyll", "day/133/index.html", f"days/{entry_name(133)}.html"} <= files(blog)
    blog.entry(day=133, body="Other words.\n")
    (blog.root / f"entries/{entry_name(134)}.md").unlink()
    blog.entry(day=135)
    done = publish(blog)
    assert "new: day 135" in done.out and "changed: day 133" in done.out and "gone: day 134" in done.out
    assert "day/134/index.html" not in files(blog)
    assert "nothing changes for readers" in publish(blog).out


def test_what_others_put_there_stays(blog: Space) -> None:
    publish(blog)
    put(blog, "CNAME", "year.dev\n")
    put(blog, "ads.txt", "ads\n")
    blog.entry(day=135)
    publish(blog)
    assert {"CNAME", "ads.txt", "day/135/index.html"} <= files(blog)
    assert remote(blog)("show", f"{PAGES}:CNAME") == "year.dev\n"


def put(blog: Space, name: str, text: str) -> None:
    """Commit a file to the published branch, as somebody else would."""
    place = blog.root.parent / f"clone-{name}"
    subprocess.run(
        ["git", "clone", "--quiet", "--branch", PAGES, str(blog.root.parent / "remote.git"), str(place)], check=True
    )
    (place / name).write_text(text)
    run = git(place)
    run("add", name)
    run("commit", "--quiet", "-m", name)
    run("push", "--quiet", "origin", PAGES)


def test_undo_puts_back_what_was_there(blog: Space) -> None:
    publish(blog)
    before = remote(blog)("rev-parse", f"{PAGES}^{{tree}}")
    blog.entry(day=135)
    publish(blog)
    publish(blog, "--undo")
    assert remote(blog)("rev-parse", f"{PAGES}^{{tree}}") == before


@pytest.mark.parametrize("name", [".env", "notes", "server.pem", "table.csv", "page.weird"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_attached_text_is_looked_into_whatever_it_is_called(blog: Space, name: str, encoding: str) -> None:
    (blog.root / "entries" / name).write_text(f"first line\ntoken: {TOKEN}\n", encoding=encoding)
    blog.entry("", f"See [this]({name}).\n", day=135)
    assert f"entries/{name}:2: a token of GitHub" in publish(blog, check=3).err


def test_without_a_terminal_or_a_yes_nothing_is_published(blog: Space) -> None:
    done = blog.run("publish", check=2)
    assert "new: days 133, 134" in done.out and "say --yes" in done.err
    assert remote(blog)("branch", "--list", PAGES) == ""


def test_a_folder_takes_the_site_keeps_what_is_anothers_and_goes_back(blog: Space, tmp_path: Path) -> None:
    place = tmp_path / "www"
    publish(blog, "--folder", str(place))
    (place / "ads.txt").write_text("ads")
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    (blog.root / f"entries/{entry_name(134)}.md").unlink()
    assert "gone: day 134" in publish(blog, "--folder", str(place)).out
    assert (place / "ads.txt").read_text() == "ads" and not (place / "day/134/index.html").exists()
    publish(blog, "--folder", str(place), "--undo")
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_the_branch_or_folder_of_the_sources_is_refused(blog: Space, tmp_path: Path) -> None:
    run = git(blog.root)
    run("add", ".")
    run("commit", "--quiet", "-m", "sources")
    run("push", "--quiet", "origin", "master")
    assert "branch master holds the sources" in publish(blog, "--branch", "master", check=1).err
    run("checkout", "--quiet", "-b", "other")
    assert "so it holds sources" in publish(blog, "--branch", "master", check=1).err
    assert "holds the sources of a workspace" in publish(blog, "--folder", str(blog.root), check=1).err
    assert "holds the sources of a workspace" in publish(blog, "--folder", str(blog.root.parent), check=1).err


def test_no_option_of_gits_gets_through(blog: Space, tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    for arguments, message in {
        (f"--remote=--upload-pack=touch {harm}",): "is neither a remote's name nor an address",
        ("--remote", "origin", "--branch=--force"): "is not a valid branch name",
        ("--branch", "a..b"): "is not a valid branch name",
    }.items():
        assert message in publish(blog, *arguments, check=1).err
    assert not harm.exists()


def test_no_repository_and_no_remote_are_said_with_what_to_do(space: Space) -> None:
    space.write("site/mkdocs.yml", SITE)
    space.write("journal.yml", YML)
    space.entry()
    assert publish(space, check=1).err.strip() == "this workspace is not in a git repository; run: git init"
    git(space.root)("init", "--quiet")
    said = publish(space, check=1).err.strip()
    assert "'origin' does not appear to be a git repository" in said
    assert said.endswith("give --remote NAME-OR-ADDRESS")


TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2"
REFUSED: dict[str, tuple[str, str, str]] = {
    "a token": ("secret", f"My token is {TOKEN}.", "a token of GitHub, ghp…"),
    "a key in code": ("secret", "```python\napi_key = 'a8f3kd92mfk20dkf8s'\n```", "a key or password"),
    "a key by its name's end": ("secret", "`DB_PASSWORD=hunter22x9`", "a password"),
    "a key in a fence": ("secret", "```\nexport OPENAI_API_KEY=a8f3kd92mfk20dkf8s\n```", "a key or password"),
    "a quoted key": ("secret", "SECRET_KEY = 'django-insecure-4$kd9!x(2'", "a key or password"),
    "a password in words": ("secret", "The password is: hunter22x.", "a password, pas…"),
    "a password of a command": ("secret", "Run `curl -u admin:hunter2 https://a.dev`.", "a password of a command"),
    "a token in entities": ("secret", f"My token: gh&#112;{TOKEN[3:]}.", "a token of GitHub, ghp…"),
    "a private word over a line's end": ("private", "Today Acme\nCorp paid.", "a private word"),
    "a private word in markup": ("private", "Today Acme&nbsp;**Corp** paid.", "a private word"),
    "a private word in an address": ("private", "[x](https://a.dev/acme-corp/x)", "a private word"),
    "an address in entities": ("email", "Write to jane&#64;mail.dev!", "jane@mail.dev"),
    "a home folder in a link": ("path", "[x](file:///home/jane/x.html)", "/home/jane"),
    "a private key": ("secret", "-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"),
    "a password in an address": ("secret", "postgres://me:hunter2x@db.dev/x", "a password in an address"),
    "an address of somebody": ("email", "Write to jane.doe@mail.dev!", "jane.doe@mail.dev"),
    "a home folder": ("path", "I ran /home/jane/work/x.py.", "/home/jane"),
    "a home folder of Windows": ("path", "In C:\\Users\\Jane\\x.", "C:\\Users\\Jane"),
    "a private word": ("private", "Today Acme Corp paid.", "a private word of journal.yml, acm…".replace("acm", "Acm")),
    "an open value": ("value", "It took ${clips.minutes} minutes.", "${clips.minutes} stands in the text as it is"),
    "a picture elsewhere": ("host", "![x](https://pics.dev/x.png)", "shows something from pics.dev"),
    "a link to nowhere": ("link", "[x](nowhere.csv)", "there is no file nowhere.csv"),
    "an edited block": (
        "edited",
        "<!-- journal:a -->\n- words: **3**\n<!-- /journal:a 0badc0de -->",
        "block 'a' was edited by hand",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_should_not_go_out_is_refused_by_place_until_it_is_allowed(blog: Space, what: str) -> None:
    kind, text, said = REFUSED[what]
    blog.write("journal.yml", f"{YML}private: [Acme Corp]\n")
    blog.entry(day=135, body=f"Words.\n\n{text}\n")
    done = publish(blog, check=3)
    assert said in done.err and f"entries/{entry_name(135)}.md" in done.err
    assert f"--allow {kind}" in done.err and "nothing was published" in done.err
    assert remote(blog)("branch", "--list", PAGES) == ""
    assert TOKEN not in done.err
    assert said in blog.run("check", "--publish", check=1).out
    publish(blog, "--allow", kind)
    assert "day/135/index.html" in files(blog)


def test_pages_and_files_of_the_site_are_looked_into(blog: Space) -> None:
    blog.write("site/about.md", f"# About\n\nMy token is {TOKEN}.\n")
    blog.write("site/assets/extra.js", "const key = 1; // jane.doe@mail.dev\n")
    said = blog.run("check", "--publish", check=1).out
    assert "site/about.md:3: a token of GitHub, ghp…" in said
    assert "site/assets/extra.js:1: an e-mail address, jane.doe@mail.dev" in said


def test_a_picture_that_says_where_it_was_taken_is_named(blog: Space) -> None:
    from PIL import Image

    folder = blog.root / "entries" / entry_name(135) / "_files"
    folder.mkdir(parents=True)
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (55.0, 51.0, 0.0), 3: "W", 4: (4.0, 15.0, 0.0)})
    Image.new("RGB", (8, 8)).save(folder / "walk.jpg", exif=exif)
    Image.new("RGB", (8, 8)).save(folder / "plain.jpg")
    blog.entry(day=135, body=f"![a]({entry_name(135)}/_files/walk.jpg) ![b]({entry_name(135)}/_files/plain.jpg)\n")
    said = blog.run("check", "--publish", check=1).out
    assert "walk.jpg: it says where it was taken" in said
    assert "plain.jpg" not in said


SPEAK = '''"""A sound of somebody."""
import wave
from journal import Context, Report, task


@task("toy.speak")
def speak(ctx: Context, speaker: str = "") -> Report:
    """Make a sound."""
    with wave.open(str(ctx.out / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    return Report().audio(ctx.out / "a.wav")
'''


@pytest.mark.parametrize(("consent", "passes"), [("signed 2024-05-01", True), ("no", False), ("", False)])
def test_a_voice_without_consent_is_refused(blog: Space, consent: str, passes: bool) -> None:
    blog.write("plugins/speak.py", SPEAK)
    blog.write("speakers.yml", f"jean:\n  consent: {consent}\n")
    blog.write("journal.yml", f"{YML}speakers: speakers.yml\n")
    blog.entry("  a: {uses: toy.speak, speaker: jean}\n", day=135)
    blog.run("day", "135", check=0)
    said = blog.run("check", "--publish").out
    assert ("the voice of jean in 'a', of whom speakers.yml has no consent  [consent]" in said) != passes


FINE = [
    "AWS's own example is AKIAIOSFODNN7EXAMPLE, and `ghp_xxxxxxxxxxxxxxxxxxxxxxxx` is none.",
    "`postgres://postgres:postgres@localhost/db` and `https://user:password@example.com/` are of the docs.",
    "In C:\\Users\\YourName\\x, and `password = getpass()`, `token = tokens[0]`, `key: value`.",
    "An `api_key` is a word, and so are passwords and tokens.",
    "The token count was 177, and `max_tokens: 40`.",
    "Write to me@example.org or git@github.com:a/b.git.",
    "In `${step.output}` a name stands; so it does in code:\n\n```\n${a.b}\n```",
    "The path /home/user/x is an example, and so is ~/work.",
    "A digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.",
    "The figure is at https://year.dev/a@b and costs 5 $.",
    "My secret: practice.",
]


@pytest.mark.parametrize("text", FINE)
def test_plain_words_go_out(blog: Space, text: str) -> None:
    blog.entry(day=135, body=f"{text}\n")
    assert blog.run("check", "--publish").out.strip() == "nothing found"


def test_a_failed_and_a_stale_step_are_refused(blog: Space) -> None:
    blog.entry("  a: {uses: toy.fail}\n  b: {uses: text.write}\n", day=135)
    blog.run("day", "135", check=1)
    blog.entry("  a: {uses: toy.fail}\n  b: {uses: text.write, text: other}\n", day=135)
    done = publish(blog, check=3)
    assert "day 135: step 'a' failed" in done.err and "day 135: step 'b': parameter text" in done.err


def test_a_placeholder_address_is_refused(blog: Space) -> None:
    blog.write("journal.yml", YML.replace("year.dev", "example.org"))
    assert "--allow address" in publish(blog, check=3).err


def test_a_kind_that_does_not_exist_is_said(blog: Space) -> None:
    assert "did you mean 'secret'?" in publish(blog, "--allow", "secrets", check=2).err


def test_a_private_word_in_a_files_name_and_in_other_letters_is_found(blog: Space) -> None:
    """macOS writes an umlaut as two letters."""
    blog.write("journal.yml", f"{YML}private: [Acme Corp, Jürgen Groß]\n")
    blog.write("entries/acme_corp.csv", "a,b\n")
    blog.entry(day=135, body="[x](acme_corp.csv)\n\nMit J\u0075\u0308rgen Gro\u00df\n")
    said = blog.run("check", "--publish", check=1).out
    assert "entries/acme_corp.csv: its name has a private word" in said
    assert f"entries/{entry_name(135)}.md:7: a private word of journal.yml, Jür" in said


def test_an_open_value_in_a_title_is_found(blog: Space) -> None:
    path = blog.entry(day=135)
    path.write_text(path.read_text().replace("title: A day", "title: Loss ${train.loss}"))
    assert "${train.loss} stands in the title as it is" in blog.run("check", "--publish", check=1).out


def test_an_attached_drawing_with_a_script_is_refused(blog: Space) -> None:
    blog.write("entries/evil.svg", '<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><path d="M0 0"/></svg>')
    blog.write("entries/good.svg", '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>')
    blog.entry(day=135, body="![x](evil.svg) ![y](good.svg)\n")
    said = blog.run("check", "--publish", check=1).out
    assert "entries/evil.svg: it holds a script" in said and "good.svg" not in said


def test_files_of_others_are_replaced_only_where_that_is_allowed(blog: Space, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "index.html").write_text("mine")
    done = blog.run("publish", "--folder", str(folder), "--yes", check=3)
    assert "index.html is not what journal published, and would be replaced" in done.err
    assert (folder / "index.html").read_text() == "mine"
    blog.run("publish", "--folder", str(folder), "--yes", "--allow", "others", check=0)
    blog.run("publish", "--folder", str(folder), "--yes", check=0)


@pytest.mark.parametrize("name", ["entries", "build", "site/out"])
def test_a_folder_of_the_workspaces_own_is_refused(blog: Space, name: str) -> None:
    assert "is among what this workspace is made of" in blog.run("publish", "--folder", name, "--yes", check=1).err
