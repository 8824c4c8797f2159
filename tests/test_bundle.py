"""A day as one zip: what goes in, what stays out, and what is said of one that comes from elsewhere."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from conftest import Done, Space, environment

pytestmark = pytest.mark.slow

RECORD = '''"""A task with sound, and one with a module of the workspace's own."""
import wave
from journal import Context, File, Files, Report, task
import lib.words


@task("toy.voice")
def voice(recordings: Files, ctx: Context, speaker: str = "") -> Report:
    """Copy a recording."""
    (ctx.out / "clip.wav").write_bytes(recordings[0].read_bytes())
    return Report().metric("recordings", len(recordings)).file(ctx.out / "clip.wav")


@task("toy.loud")
def loud(source: File) -> Report:
    """Shout."""
    return Report().metric("letters", len(lib.words.shout(source.read_text())))
'''
COUNT = "  count:\n    uses: text.count\n    source: data/words.txt\n"


@pytest.fixture
def counted(space: Space) -> Space:
    """A day that counts the words of a file with a note on its licence."""
    space.write("data/words.txt", "one two three\n")
    space.write("data/ORIGIN.md", "Written for a test; CC0.\n")
    space.entry(COUNT)
    space.run("day", "133", check=0)
    return space


def bundle(space: Space, *more: str) -> Path:
    space.run("bundle", "133", *more, check=0)
    return space.root / "build" / "bundles" / "day-133.zip"


def names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def crate(path: Path) -> dict[str, dict[str, object]]:
    with zipfile.ZipFile(path) as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    return {one["@id"]: one for one in graph}


def verify(path: Path, folder: Path, *more: str, check: int | None = None, trusted: bool = True) -> Done:
    """Check a bundle in a folder that is no workspace, as a reader would."""
    env = {**environment(), "JOURNAL_TRUST": "1" if trusted else "", "XDG_STATE_HOME": str(folder / "state")}
    command = [sys.executable, "-m", "journal", "bundle", "--verify", str(path), *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=env)
    assert "Traceback" not in done.stdout + done.stderr
    assert check is None or done.returncode == check, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return Done(done.returncode, done.stdout, done.stderr)


def rewrite(path: Path, changes: dict[str, bytes | None], *, honest: bool = False) -> Path:
    """Write a bundle again with other contents; ``honest`` lists their digests."""
    with zipfile.ZipFile(path) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    files = {name: content for name, content in {**files, **changes}.items() if content is not None}
    if honest:
        data = json.loads(files["ro-crate-metadata.json"])
        for one in data["@graph"]:
            if one["@id"] in changes:
                one["sha256"] = hashlib.sha256(files[one["@id"]]).hexdigest()
        files["ro-crate-metadata.json"] = json.dumps(data).encode()
    target = path.with_name("rewritten.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return target


def test_the_same_content_gives_the_same_bytes(counted: Space) -> None:
    first = bundle(counted).read_bytes()
    for path in (counted.root / "entries").rglob("*"):
        path.touch()
    assert bundle(counted).read_bytes() == first


def test_a_bundle_holds_entry_inputs_results_licence_and_environment(counted: Space) -> None:
    found = names(bundle(counted))
    assert {"data/words.txt", "data/ORIGIN.md", "journal.yml", "pylock.toml", "ro-crate-metadata.json"} <= found
    assert {"entries/2024-05-13-day-133.md", "entries/2024-05-13-day-133/count/report.json"} <= found


def test_nothing_of_the_machine_is_in_a_bundle(counted: Space) -> None:
    with zipfile.ZipFile(bundle(counted)) as archive:
        for name in archive.namelist():
            assert str(counted.root).encode() not in archive.read(name), name
        assert b"://" not in archive.read("pylock.toml") + archive.read("requirements.txt")


def test_a_reader_sees_that_a_day_comes_out_identical(counted: Space, tmp_path: Path) -> None:
    done = verify(bundle(counted), tmp_path, check=0)
    assert "all with the digests that it lists" in done.out
    assert "1 of 1 steps came out the same" in done.out


def test_a_result_that_was_changed_with_its_digest_is_found_by_running_it_again(counted: Space, tmp_path: Path) -> None:
    made = bundle(counted)
    name = "entries/2024-05-13-day-133/count/report.json"
    with zipfile.ZipFile(made) as archive:
        report = archive.read(name).replace(b'"value": 3', b'"value": 4')
    done = verify(rewrite(made, {name: report}, honest=True), tmp_path, check=1)
    assert "words: moved, 4 → 3" in done.out


def test_a_file_changed_gone_or_added_is_named_in_one_line(counted: Space, tmp_path: Path) -> None:
    made = bundle(counted)
    for changes, said in (
        ({"data/words.txt": b"one two\n"}, "data/words.txt has another content than when it was bundled"),
        ({"data/words.txt": None}, "data/words.txt is gone"),
        ({"data/more.txt": b""}, "data/more.txt is not listed"),
        ({"journal.yml": None}, "has no journal.yml"),
    ):
        done = verify(rewrite(made, changes), tmp_path, check=1)
        assert said in done.err
        assert len(done.err.splitlines()) == 1


def test_an_input_without_a_licence_stays_out_until_it_is_allowed(counted: Space, tmp_path: Path) -> None:
    (counted.root / "data/ORIGIN.md").unlink()
    done = counted.run("bundle", "133", check=0)
    assert "left out: data/words.txt: no licence lies beside it" in done.out
    made = counted.root / "build/bundles/day-133.zip"
    assert "data/words.txt" not in names(made)
    # sha256sum of "one two three\n"
    assert crate(made)["#left-out/data/words.txt"]["sha256"] == hashlib.sha256(b"one two three\n").hexdigest()
    checked = verify(made, tmp_path, check=1)
    assert "data/words.txt: not in the bundle: no licence lies beside it" in checked.out
    assert "1 could not be run again here" in checked.out
    assert "data/words.txt" in names(bundle(counted, "--allow", "licence"))


@pytest.fixture
def spoken(space: Space) -> Space:
    space.write("plugins/voice.py", RECORD)
    space.write("lib/__init__.py", "")
    space.write("lib/words.py", "def shout(text):\n    return text.upper() + '!'\n")
    space.write("data/ORIGIN.md", "Made for a test; CC0.\n")
    (space.root / "data/hello.wav").write_bytes(sound())
    return space


def sound() -> bytes:
    import wave

    written = io.BytesIO()
    with wave.open(written, "wb") as stream:
        stream.setparams((1, 2, 8000, 0, "NONE", ""))
        stream.writeframes(b"\0\1" * 800)
    return written.getvalue()


def test_a_voice_without_consent_goes_out_neither_as_input_nor_as_result(spoken: Space) -> None:
    spoken.entry("  say:\n    uses: toy.voice\n    recordings: data/*.wav\n    speaker: Ailsa\n")
    spoken.run("day", "133", check=0)
    for people in ("", "Ailsa: {licence: CC0-1.0}\n", "Ailsa: {consent: no, licence: CC0-1.0}\n"):
        if people:
            spoken.write("data/speakers.yml", people)
            spoken.write("journal.yml", "name: A journal\nday-1: 2024-01-02\nspeakers: data/speakers.yml\n")
        assert not [name for name in names(bundle(spoken, "--allow", "licence")) if name.endswith(".wav")]
    spoken.write("data/speakers.yml", "Ailsa: {consent: written 2024-05-01, licence: CC0-1.0}\n")
    found = [name for name in names(bundle(spoken)) if name.endswith(".wav")]
    assert sorted(found) == ["data/hello.wav", "entries/2024-05-13-day-133/say/clip.wav"]


def test_a_speaker_in_a_table_beside_the_recordings_counts_too(spoken: Space) -> None:
    spoken.write("data/a.csv", "recording,speaker\nhello,Ailsa\n")
    spoken.entry("  say:\n    uses: toy.voice\n    recordings: [data/hello.wav, data/a.csv]\n")
    spoken.run("day", "133", check=0)
    assert not [name for name in names(bundle(spoken)) if name.endswith(".wav")]


def test_code_of_the_bundles_own_runs_only_where_the_reader_says_so(spoken: Space, tmp_path: Path) -> None:
    spoken.write("data/words.txt", "aye")
    spoken.entry("  shout:\n    uses: toy.loud\n    source: data/words.txt\n")
    spoken.run("day", "133", check=0)
    made = bundle(spoken)
    assert {"plugins/voice.py", "lib/words.py"} <= names(made)
    mark = tmp_path / "ran"
    code = f"open({str(mark)!r}, 'w')\n".encode()
    hostile = rewrite(made, {"lib/__init__.py": code, "plugins/voice.py": code + RECORD.encode()}, honest=True)
    done = verify(hostile, tmp_path, check=1, trusted=False)
    assert "code of its own, which is not run" in done.out
    assert not mark.exists()
    assert "1 of 1 steps came out the same" in verify(made, tmp_path, check=0).out


def test_keys_and_private_words_do_not_go_out(counted: Space) -> None:
    counted.write("data/words.txt", "AKIAZ7QWERTYUIOPLKJH one\n")
    counted.run("day", "133", check=0)
    assert "data/words.txt: it holds what looks like a key" in counted.run("bundle", "133", check=0).out
    counted.write("journal.yml", "name: A journal\nday-1: 2024-01-02\nprivate: [Words of mine]\n")
    done = counted.run("bundle", "133", check=3)
    assert "entries/2024-05-13-day-133.md: it holds private words" in done.err


def test_a_bundle_tells_of_a_file_that_is_not_as_its_step_made_it(space: Space) -> None:
    space.entry("  note:\n    uses: text.write\n")
    space.run("day", "133", check=0)
    space.write("entries/2024-05-13-day-133/note/text.txt", "other")
    assert "differs from what the step made; run: journal day 133" in space.run("bundle", "133", check=3).err


def test_a_result_of_another_day_that_a_step_reads_goes_with_it(space: Space, tmp_path: Path) -> None:
    space.entry("  note:\n    uses: text.write\n", day=132)
    space.entry("  all:\n    uses: text.join\n    sources: ['${day-132.note.path}']\n")
    space.run("day", "132..133", check=0)
    made = bundle(space)
    assert "entries/2024-05-12-day-132/note/text.txt" in names(made)
    assert "1 of 1 steps came out the same" in verify(made, tmp_path, check=0).out


def test_the_lock_has_the_versions_that_run(counted: Space) -> None:
    with zipfile.ZipFile(bundle(counted)) as archive:
        lock = tomllib.loads(archive.read("pylock.toml").decode())
    assert lock["lock-version"] == "1.0"
    versions = {one["name"]: one["version"] for one in lock["packages"]}
    assert versions["typer"] == version("typer")
    assert versions["pydantic"] == version("pydantic")


def test_other_programs_read_the_metadata(counted: Space, tmp_path: Path) -> None:
    """The library rocrate reads every file and step, where it is installed."""
    rocrate = pytest.importorskip("rocrate.rocrate")
    made = bundle(counted)
    with zipfile.ZipFile(made) as archive:
        archive.extractall(tmp_path / "crate")
    read = rocrate.ROCrate(tmp_path / "crate")
    assert {one.id for one in read.data_entities} == names(made) - {"ro-crate-metadata.json"}
    action = read.dereference("#step/count")
    assert [one.id for one in action["object"]] == ["data/words.txt"]


def hostile(name: str = "a.txt", *, mode: int = stat.S_IFREG, content: bytes = b"", compressed: bool = False) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (mode | 0o644) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        archive.writestr(entry, content)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (hostile("../out.txt"), "leads out of it"),
        (hostile("/tmp/out.txt"), "leads out of it"),
        (hostile("a/../../out.txt"), "leads out of it"),
        (hostile("C:\\out.txt"), "leads out of it"),
        (hostile("entries//a.md"), "leads out of it"),
        (hostile("link", mode=stat.S_IFLNK, content=b"/etc/passwd"), "is no plain file"),
        (hostile(content=bytes(10_000_000), compressed=True), "it unpacks to more than it holds"),
        (hostile(content=b"abc", compressed=True), "is compressed"),
        (hostile(), "has no ro-crate-metadata.json of a bundle"),
        (hostile("ro-crate-metadata.json", content=b"[" * 100_000), "has no ro-crate-metadata.json of a bundle"),
        (hostile("ro-crate-metadata.json", content=b'{"@graph": [1]}'), "has no ro-crate-metadata.json of a bundle"),
        (b"no zip at all", "can't be unpacked"),
        (b"", "can't be unpacked"),
    ],
)
def test_a_hostile_or_broken_zip_gives_one_line_and_writes_nothing(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "inner" / "bad.zip"
    path.parent.mkdir()
    path.write_bytes(content)
    done = verify(path, path.parent, check=1)
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "out.txt").exists()
    assert not Path("/tmp/out.txt").exists()


def test_a_bundle_cut_off_anywhere_gives_one_line(counted: Space, tmp_path: Path) -> None:
    whole = bundle(counted).read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        (tmp_path / "cut.zip").write_bytes(whole[: int(len(whole) * share)])
        done = verify(tmp_path / "cut.zip", tmp_path, check=1)
        assert len(done.err.splitlines()) == 1


def test_what_can_not_be_bundled_is_said(space: Space) -> None:
    assert "a day, such as 133, or --verify" in space.run("bundle", check=2).err
    assert "no entry for day 133" in space.run("bundle", "133", check=2).err
    space.entry("  note:\n    uses: text.write\n")
    assert "day 133 has no results to bundle; run: journal day 133" in space.run("bundle", "133", check=2).err
    assert "there is no such kind" in space.run("bundle", "133", "--allow", "consent", check=2).err
