"""Steps that misbehave, all in one day: each costs itself alone, and no other step, file or page."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from conftest import Space, make_space

pytestmark = pytest.mark.slow
FAIL: dict[str, tuple[str, str]] = {
    "exit0": ("sys.exit(0)", "SystemExit: 0"),
    "exit3": ("sys.exit(3)", "SystemExit: 3"),
    "os_exit0": ("os._exit(0)", "its process exited with code"),
    "os_exit1": ("os._exit(1)", "its process exited with code"),
    "abort": ("os.abort()", "its process crashed (SIGABRT)"),
    "segv": ("ctypes.string_at(0)", "its process crashed (SIGSEGV)"),
    "kill_self": ("os.kill(os.getpid(), 9)", "its process was killed"),
    "term_self": ("os.kill(os.getpid(), 15)", "its process crashed (SIGTERM)"),
    "kill_group": ("os.killpg(os.getpgid(0), 9)", "its process was killed"),
    "kill_parent_term": ("os.kill(os.getppid(), 15)", "it must return a Report"),
    "keyboard": ("raise KeyboardInterrupt", "KeyboardInterrupt:"),
    "int_self": ("os.kill(os.getpid(), 2)", "its process crashed (SIGINT)"),
    "generator_exit": ("raise GeneratorExit", "GeneratorExit:"),
    "base_exc": ("raise BaseException('x')", "BaseException: x"),
    "stop_iter": ("raise StopIteration", "StopIteration:"),
    "recursion": ("def g(): g()\ng()", "maximum recursion depth exceeded"),
    "memory": ("x=bytearray(10**15)", "ran out of memory"),
    "raise_none_str": (
        "class E(Exception):\n    def __str__(self): raise ValueError('no')\nraise E()",
        "E: (its words can't be read)",
    ),
    "exc_long": ("raise ValueError('x'*5_000_000)", "ValueError: xxxx"),
    "exc_ctrl": (
        "raise ValueError('\\x1b[2J\\x00\\n<!-- /journal:x -->')",
        "ValueError: \\x1b[2J\\x00 <!-- /journal:x -->",
    ),
    "exc_surrogate": ("raise ValueError('\\udcff')", "ValueError: \\udcff"),
    "exc_html": ("raise ValueError('<script>alert(1)</script>')", "ValueError: <script>alert(1)</script>"),
    "syntax_at_run": ("exec('def (')", "SyntaxError: invalid syntax (<string>, line 1)"),
    "assertion": ("assert False", "AssertionError"),
    "system_exit_text": ("sys.exit('bye')", "SystemExit: bye"),
    "alarm": ("signal.alarm(1); time.sleep(10)", "its process crashed (SIGALRM)"),
    "none": ("return None", "it must return a Report"),
    "string": ("return 'x'", "it must return a Report"),
    "klass": ("return Report", "it must return a Report"),
    "generator": ("yield Report()", "it must return a Report"),
    "true": ("return True", "it must return a Report"),
    "nan_metric": ("return Report().metric('n', float('nan'))", "metric 'n' is nan, not a number"),
    "inf_metric": ("return Report().metric('n', float('inf'))", "metric 'n' is inf, not a number"),
    "huge_int": ("return Report().metric('n', 10**400)", "metric 'n' has more than 308 digits"),
    "long_text": ("return Report().text('word '*100_000)", "the report has a text of 500 kB"),
    "unserial_output": ("return Report().output('a', object())", "is not plain data"),
    "lambda_output": ("return Report().output('a', lambda: 1)", "is not plain data"),
    "file_missing": ("return Report().file(ctx.out/'none.txt')", "the report names none.txt, which does not exist"),
    "image_not": (
        "(ctx.out/'a.png').write_text('no')\nreturn Report().image(ctx.out/'a.png', alt='x')",
        "a.png is no PNG file",
    ),
    "image_empty": (
        "(ctx.out/'a.png').write_bytes(b'')\nreturn Report().image(ctx.out/'a.png', alt='x')",
        "a.png is no PNG file",
    ),
    "audio_not": (
        "(ctx.out/'a.flac').write_text('no')\nreturn Report().audio(ctx.out/'a.flac')",
        "a.flac is no FLAC file",
    ),
    "report_json": (
        "(ctx.out/'report.json').write_text('{}')\nreturn done()",
        "the task made report.json, which is a reserved name",
    ),
    "dup_case": (
        "(ctx.out/'a.txt').write_text('1');(ctx.out/'A.txt').write_text('2')\nreturn done()",
        "are one file on macOS and Windows",
    ),
    "fifo": ("os.mkfifo(ctx.out/'p')\nreturn done()", "the task made p, which is neither a file nor a folder"),
    "sock": (
        "os.chdir(ctx.out)\nsocket.socket(socket.AF_UNIX).bind('s')\nreturn done()",
        "the task made s, which is neither a file nor a folder",
    ),
    "dangling": ("(ctx.out/'l').symlink_to('no')\nreturn done()", "the task made l, a link out of its folder"),
    "loop_link": ("(ctx.out/'l').symlink_to('l')\nreturn done()", "the task made l, a link out of its folder"),
    "link_etc": ("(ctx.out/'l').symlink_to('/etc')\nreturn done()", "the task made l, a link out of its folder"),
    "link_up": ("(ctx.out/'l').symlink_to('..')\nreturn done()", "the task made l, a link out of its folder"),
    "hardlink_in": ("os.link(f, ctx.out/'h')\nreturn done()", "which is an input or a result"),
    "nl_name": ("(ctx.out/'a\\nb.txt').write_text('x')\nreturn done()", "use a name of letters that can be shown"),
    "bytes_name": (
        "open(os.fsencode(ctx.out)+b'/\\xff.txt','w').close()\nreturn done()",
        "use a name of letters that can be shown",
    ),
    "big_file": ("(ctx.out/'b').write_bytes(b'x'*20_000_000)\nreturn done()", "the task made b, of 20 MB"),
    "sparse": ("open(ctx.out/'b','wb').truncate(10**12)\nreturn done()", "the task made b, of 1e+03 GB"),
    "rm_out": ("import shutil\nshutil.rmtree(ctx.out)\nreturn done()", "FileNotFoundError"),
    "out_file": ("import shutil\nshutil.rmtree(ctx.out);ctx.out.write_text('x')\nreturn done()", "NotADirectoryError"),
    "git_folder": (
        "(ctx.out/'.git').mkdir();(ctx.out/'.git/config').write_text('x')\nreturn done()",
        "which git would take",
    ),
    "append_in": ("open(f,'a').write('more')\nreturn done()", "which is an input or a result"),
    "write_in": ("open(f,'w').write('more')\nreturn done()", "which is an input or a result"),
    "rm_in": ("os.remove(f)\nreturn done()", "which is an input or a result"),
    "mv_in": ("os.rename(f, str(f)+'.x')\nreturn done()", "which is an input or a result"),
    "trunc_in": ("os.truncate(f,0)\nreturn done()", "which is an input or a result"),
    "chmod_in": ("os.chmod(f,0)\nreturn done()", "which is an input or a result"),
    "write_entry": (
        "open(next((ctx.root/'entries').glob('*.md')),'a').write('mine')\nreturn done()",
        "which is an input or a result",
    ),
    "rm_entries": ("import shutil\nshutil.rmtree(ctx.root/'entries')\nreturn done()", "which is an input or a result"),
    "rm_store": ("import shutil\nshutil.rmtree(ctx.root/'.journal')\nreturn done()", "which is an input or a result"),
    "write_db": (
        "open(ctx.root/'.journal/journal.db','wb').write(b'x')\nreturn done()",
        "which is an input or a result",
    ),
    "child_writes_in": ("subprocess.run(['sh','-c',f'echo x >> {f}'])\nreturn done()", "keeps changing while it runs"),
    "close_fds": ("os.closerange(0,256)\nreturn done()", "its process exited with code"),
    "stdin": ("input()\nreturn done()", "EOFError: EOF when reading a line"),
    "rlimit": ("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE,(3,3))\nreturn done()", "OSError"),
    "rlimit_fsize": (
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE,(0,0))\nreturn done()",
        "its process exited with code",
    ),
    "patch_json": ("import json\njson.dumps=None\nreturn done()", "is not plain data"),
    "patch_path": ("Path.write_text=None\nreturn done()", "TypeError: 'NoneType' object is not callable"),
    "del_modules": ("sys.modules.clear()\nreturn done()", "its process exited with code"),
    "settrace": ("sys.settrace(lambda *a: 1/0)\nreturn done()", "ZeroDivisionError: division by zero"),
    "hang": ("time.sleep(1000)", "exceeded its timeout"),
    "spin": ("while True: pass", "exceeded its timeout"),
    "stop_self": ("os.kill(os.getpid(), 19)", "exceeded its timeout"),
    "ctx_map_exit": ("ctx.map(os._exit, [0,0])\nreturn done()", "its process exited with code"),
    "ctx_map_raise": ("ctx.map(int, ['x'])\nreturn done()", "ValueError: invalid literal for int() with base 10: 'x'"),
    "progress_junk": (
        "ctx.progress('x','y','z')\nreturn done()",
        "ctx.progress('x', 'y'): how much is done, and of how much, a",
    ),
    "model_none": ("ctx.model('no-such')\nreturn done()", "unknown model 'no-such'"),
    "set_ctx": ("ctx.root='/'\nreturn done()", "FrozenInstanceError: cannot assign to field 'root'"),
}
"""Each program, and what is said of it."""
HARMLESS: dict[str, str] = {
    "at_the_end": "class B:\n    def __del__(self): os._exit(7)\nB.x=B()\nreturn done()",
    "marker_text": "return Report().text('<!-- /journal:x -->\\n<!-- journal:x -->')",
    "marker_quote": "return Report().quote('<!-- /journal:x -->')",
    "fence": "return Report().text('```\\nnever closed')",
    "null_text": "return Report().text('a\\x00b')",
    "surrogate_text": "return Report().text('a\\udcffb')",
    "many_items": "r=Report()\nfor i in range(20_000): r.metric(f'm{i}', i)\nreturn r",
    "dup_metric": "return Report().metric('a',1).metric('a',2)",
    "dup_output": "return Report().output('a',1).output('a',2)",
    "file_outside": "return Report().file('/etc/passwd')",
    "file_folder": "(ctx.out/'d').mkdir()\nreturn Report().file(ctx.out/'d')",
    "colon_name": "(ctx.out/'a:b?.txt').write_text('x')\nreturn done()",
    "dash_name": "(ctx.out/'-rf').write_text('x')\nreturn done()",
    "html_name": "(ctx.out/'<b>.txt').write_text('x')\nreturn Report().file(ctx.out/'<b>.txt')",
    "deep": "p=ctx.out\nfor i in range(200): p=p/'dddddddddd'\nos.makedirs(p)\n(p/'x').write_text('x')\nreturn done()",
    "many_files": "for i in range(3000): (ctx.out/f'{i}').write_text('x')\nreturn done()",
    "child_rm_store": "subprocess.run(['sh','-c',f'echo x > {ctx.root}/.journal/other.txt'])\nreturn done()",
    "fork": "os.fork()\nreturn done()",
    "fork_exit": "os.fork() or sys.exit(0)\nreturn done()",
    "orphan": "subprocess.Popen(['sleep','300'])\nreturn done()",
    "daemon": "os.fork() or (os.setsid(), os.fork() or time.sleep(300), os._exit(0))\nreturn done()",
    "setsid_orphan": "subprocess.Popen(['sleep','301'], start_new_session=True)\nreturn done()",
    "thread": "threading.Thread(target=time.sleep,args=(300,)).start()\nreturn done()",
    "atexit": "import atexit\natexit.register(lambda: time.sleep(300))\nreturn done()",
    "print_much": "print('x'*10_000_000)\nreturn done()",
    "print_bin": "os.write(1, os.urandom(1000))\nreturn done()",
    "chdir": "os.chdir('/')\nreturn done()",
    "umask": "os.umask(0o777)\nreturn done()",
    "environ": "os.environ.clear()\nreturn done()",
    "patch_open": "import builtins\nbuiltins.open=None\nreturn done()",
    "sigign": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nreturn done()",
    "fork_bomb_small": "[os.fork() for _ in range(5)]\nreturn done()",
    "ctx_map_unpickl": "ctx.map(lambda x: x, [lambda: 1])\nreturn done()",
    "progress_neg": "ctx.progress(-1,0,'x')\nreturn done()",
    "progress_flood": "for i in range(100_000): ctx.progress(i,100_000,'x')\nreturn done()",
}
"""Programs that leave odd things behind and return a report; whatever they left, nobody else meets it."""
HEAD = '''"""Steps that misbehave."""
import ctypes, os, signal, socket, subprocess, sys, threading, time
from pathlib import Path
from journal import Context, File, Report, task


def done():
    return Report().metric("n", 1)


@task("odd.honest")
def honest(number: int) -> Report:
    """Do as one should, and find all as it should be."""
    assert os.getcwd() != "/" and os.umask(0o022) == 0o022 and "PATH" in os.environ and open and Path.write_text
    return Report().metric("n", number)
'''
TASK = """

@task("odd.{name}")
def odd_{name}(ctx: Context, f: File) -> Report:
    \"\"\"Misbehave.\"\"\"
{body}
"""
CLOSING = '''"""Steps that close all that is open, and steps that do not."""
import os
from journal import Report, task


@task("closing.close")
def close() -> Report:
    """Close all."""
    os.closerange(0, 256)
    return Report()


@task("closing.keep")
def keep() -> Report:
    """Close nothing."""
    return Report().metric("n", sum(range(300_000)))
'''
NAMES = [*FAIL, *HARMLESS]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Space, str]:
    """A day with each of them, an honest step after each, and what the command said of them."""
    space = make_space(tmp_path_factory.mktemp("misbehaving") / "workspace")
    programs = {name: body for name, (body, _) in FAIL.items()} | HARMLESS
    tasks = [TASK.format(name=name, body=textwrap.indent(body, "    ")) for name, body in programs.items()]
    space.write("plugins/odd.py", HEAD + "".join(tasks))
    with (space.root / "journal.yml").open("a") as settings:
        settings.write("limits: {artifact: 5 MB, text: 100 kB}\n")
    steps = ""
    for number, name in enumerate(NAMES):
        space.write(f"data/{name}.txt", "hello")
        timeout = 3 if "timeout" in FAIL.get(name, ("", ""))[1] else 60
        steps += f"  {_step(name)}:\n    uses: odd.{name}\n    f: data/{name}.txt\n    timeout: {timeout}\n"
        steps += f"  honest{number}: {{uses: odd.honest, number: {number}}}\n"
    space.entry(steps, "My words.\n\n<!-- journal:exit0 -->\n<!-- /journal:exit0 -->\n\nMy last words.\n")
    done = space.run("day", "133", "--jobs", "2", check=1)
    assert "Traceback" not in done.err
    return space, done.out


def _step(name: str) -> str:
    return name.replace("_", "-")


def _line(said: str, name: str) -> str:
    return next(line for line in said.splitlines() if line.startswith(("✓", "✗")) and line.split()[1] == _step(name))


@pytest.mark.parametrize("name", FAIL)
def test_what_fails_says_so_in_its_line(day: tuple[Space, str], name: str) -> None:
    line = _line(day[1], name)
    assert line.startswith("✗") and FAIL[name][1] in line


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_left_behind_does_no_harm(day: tuple[Space, str], name: str) -> None:
    assert _line(day[1], name).startswith("✓")


def test_every_other_step_is_done_and_every_word_is_kept(day: tuple[Space, str]) -> None:
    space, said = day
    for number in range(len(NAMES)):
        assert _line(said, f"honest{number}").startswith("✓")
    text = (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert "\nMy words.\n" in text and "\nMy last words.\n" in text


def test_inputs_are_as_they_were_but_for_what_another_program_wrote(day: tuple[Space, str]) -> None:
    changed = {path.stem for path in (day[0].root / "data").iterdir() if path.read_text() != "hello"}
    assert changed == {"child_writes_in"}


def test_nothing_that_they_started_lives_on(day: tuple[Space, str]) -> None:
    here = str(day[0].root)
    left = [one.name for one in Path("/proc").iterdir() if one.name.isdigit() and _works_in(one.name, here)]
    assert left == []


def _works_in(pid: str, folder: str) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def test_the_next_run_finds_what_was_done(day: tuple[Space, str]) -> None:
    said = day[0].run("day", "133", "--jobs", "2").out
    assert f"0 ran, {len(NAMES) + len(HARMLESS)} up to date, {len(FAIL)} failed" in said


def test_a_step_that_closes_its_connection_ends_no_other_at_its_side(space: Space) -> None:
    space.write("plugins/closing.py", CLOSING)
    names = [f"{kind}{number}" for number in range(20) for kind in ("close", "a", "b")]
    steps = [f"  {name}: {{uses: closing.{'close' if 'close' in name else 'keep'}}}\n" for name in names]
    space.entry("".join(steps))
    said = space.run("day", "133", "--jobs", "4", check=1).out
    assert [name for name in names if "close" not in name and not _line(said, name).startswith("✓")] == []
