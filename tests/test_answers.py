"""Answers are kept as they come: none is lost by a failure or a kill, and none is asked for twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Space, environment
from hypothesis import given
from hypothesis import strategies as st

from journal.api.answers import AnswerStore, read_answers
from journal.text.secrets import REMOVED, Redactor

ASK = '''"""Answers questions at a price, and counts what was paid."""
import time
from journal import Context, Report, TaskError, task


@task("toy.ask")
def ask(ctx: Context, questions: list[str], fails_at: str = "", waits_at: str = "", loud: bool = False) -> Report:
    """Answer each question by its capital letters."""
    report, new = Report(), 0
    for question in questions:
        found = ctx.answers.find({"question": question})
        if found is None:
            if question == fails_at:
                raise TaskError("the server went away")
            if question == waits_at:
                time.sleep(600)
            found = {"text": question.upper()}
            ctx.answers.add({"question": question}, found, {"question": question})
            new += 1
        report.quote(found["text"])
    return report.metric("answers", len(questions)).output("new", new)
'''
ANSWERS = "entries/2024-05-13-day-133/ask/answers.jsonl"


@pytest.fixture
def asking(space: Space) -> Space:
    space.write("plugins/ask.py", ASK)
    return space


def step(questions: str, extra: str = "") -> str:
    return f"  ask: {{uses: toy.ask, questions: [{', '.join(questions)}]{extra}}}\n"


def kept(space: Space) -> list[str]:
    return [str(one.answer["text"]) for one in read_answers(space.root / ANSWERS)]


def new_answers(space: Space) -> int:
    report = json.loads((space.root / ANSWERS).with_name("report.json").read_text())
    return int(report["outputs"]["new"]["value"])


def test_a_failure_keeps_what_was_answered_and_the_next_run_goes_on(asking: Space) -> None:
    asking.entry(step("abcdef", ", fails_at: e"))
    asking.run("day", "133", check=1)
    assert kept(asking) == ["A", "B", "C", "D"]
    asking.entry(step("abcdef"))
    asking.run("day", "133", check=0)
    assert (kept(asking), new_answers(asking)) == (["A", "B", "C", "D", "E", "F"], 2)
    assert "up to date; nothing changed" in asking.run("day", "133", check=0).out
    assert "answers.jsonl" not in asking.run("check", "133", check=0).err


def test_one_question_more_costs_one_and_a_former_entry_costs_none(asking: Space) -> None:
    asking.entry(step("ab"))
    asking.run("day", "133", check=0)
    asking.entry(step("abc"))
    asking.run("day", "133", check=0)
    assert new_answers(asking) == 1
    asking.entry(step("ab"))
    asking.run("day", "133", check=0)
    assert kept(asking) == ["A", "B", "C"]


def test_force_asks_again_and_keeps_the_former_answers(asking: Space) -> None:
    asking.entry(step("ab"))
    asking.run("day", "133", check=0)
    asking.run("day", "133", "--force", check=0)
    assert (kept(asking), new_answers(asking)) == (["A", "B", "A", "B"], 2)


def test_a_step_tried_again_does_not_ask_for_what_its_first_try_had(asking: Space) -> None:
    asking.entry(step("ab"))
    asking.run("day", "133", check=0)
    asking.entry(step("abc", ", fails_at: c, retries: 2"))
    asking.run("day", "133", "--force", check=1)
    assert kept(asking) == ["A", "B", "A", "B"]


def test_a_replay_asks_again_and_leaves_the_answers_alone(asking: Space) -> None:
    asking.entry(step("ab"))
    asking.run("day", "133", check=0)
    before = (asking.root / ANSWERS).read_bytes()
    assert "identical" in asking.run("day", "133", "--replay", check=0).out
    assert (asking.root / ANSWERS).read_bytes() == before


def test_a_clone_has_the_answers(asking: Space, tmp_path: Path) -> None:
    asking.entry(step("ab"))
    asking.run("day", "133", check=0)
    subprocess.run(["cp", "-r", str(asking.root), str(tmp_path / "clone")], check=True)
    clone = Space(tmp_path / "clone")
    subprocess.run(["rm", "-r", str(clone.root / ".journal")], check=True)
    assert "up to date; nothing changed" in clone.run("day", "133", check=0).out
    clone.entry(step("abc"))
    clone.run("day", "133", check=0)
    assert new_answers(clone) == 1


@pytest.mark.slow
def test_a_kill_keeps_what_was_answered(asking: Space) -> None:
    asking.entry(step("abcd", ", waits_at: d"))
    command = [sys.executable, "-m", "journal", "day", "133"]
    running = subprocess.Popen(
        command, cwd=asking.root, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            if len(kept(asking)) == 3:
                break
            time.sleep(0.1)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    asking.entry(step("abcd"))
    asking.run("day", "133", check=0)
    assert (kept(asking), new_answers(asking)) == (["A", "B", "C", "D"], 1)


EXECUTOR = '''"""Runs steps as a machine that sees nothing of the workspace."""
from dataclasses import replace
from pathlib import Path
from journal import Event, Executor, run_packed


class Far(Executor):
    """A machine far away, in this process."""

    name = "far"

    def start(self, key, job, timeout_s, claims):
        self.todo = [*getattr(self, "todo", []), (key, job, timeout_s)]

    def wait(self):
        for key, job, timeout_s in self.todo:
            packed = replace(self.pack(job, timeout_s), marker=Path("/nowhere"))
            yield self.receive(key, job, run_packed(packed))
        self.todo = []

    def close(self):
        pass
'''


@pytest.mark.slow
def test_answers_travel_to_another_machine_and_back(asking: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    asking.write("site-packages/far.py", EXECUTOR)
    asking.write("site-packages/far-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: far\nVersion: 1.0\n")
    asking.write("site-packages/far-1.0.dist-info/entry_points.txt", "[journal.executors]\nfar = far:Far\n")
    monkeypatch.setenv("PYTHONPATH", f"{asking.root}/site-packages{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    asking.entry(step("abc", ", fails_at: c"))
    asking.run("day", "133", "--on", "far", check=1)
    assert kept(asking) == ["A", "B"]
    asking.entry(step("abcd"))
    asking.run("day", "133", "--on", "far", check=0)
    assert (kept(asking), new_answers(asking)) == (["A", "B", "C", "D"], 2)


def test_an_answer_belongs_to_exactly_what_was_asked(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "answers.jsonl")
    store.add({"prompt": "a", "seed": 1}, {"text": "x"}, {})
    again = AnswerStore(tmp_path / "answers.jsonl")
    assert again.find({"seed": 1, "prompt": "a"}) == {"text": "x"}
    assert again.find({"prompt": "a", "seed": 2}) is None
    assert again.find({"prompt": "a"}) is None
    again.add({"prompt": "a", "seed": 1}, {"text": "y"}, {})
    assert AnswerStore(tmp_path / "answers.jsonl").find({"prompt": "a", "seed": 1}) == {"text": "y"}


def test_a_line_that_was_cut_off_or_changed_counts_for_nothing_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    store = AnswerStore(path)
    for letter in "abc":
        store.add({"prompt": letter}, {"text": letter}, {})
    lines = path.read_bytes().splitlines(keepends=True)
    spoilt = [lines[0], lines[1].replace(b'"text": "b"', b'"text": "B"'), lines[2][:-20]]
    path.write_bytes(b"".join(spoilt))
    again = AnswerStore(path)
    assert [again.find({"prompt": letter}) for letter in "abc"] == [{"text": "a"}, None, None]
    again.add({"prompt": "d"}, {"text": "d"}, {})
    assert path.read_bytes().startswith(b"".join(spoilt) + b"\n")
    assert [one.answer["text"] for one in read_answers(path)] == ["a", "d"]


def test_a_key_in_an_answer_is_not_kept(tmp_path: Path) -> None:
    key = "kq-7Fh2mQ9xV4zLw8"
    store = AnswerStore(tmp_path / "answers.jsonl", redactor=Redactor.of({"MINE_KEY": key}))
    store.add({"prompt": f"is it {key}?"}, {"text": f"yes, {key}", "top": [[key, 0.5]]}, {key: key})
    assert key not in (tmp_path / "answers.jsonl").read_text()
    assert AnswerStore(tmp_path / "answers.jsonl").find({"prompt": f"is it {key}?"}) == {
        "text": f"yes, {REMOVED}",
        "top": [[REMOVED, 0.5]],
    }


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_answers_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("store") / "answers.jsonl"
    store = AnswerStore(path)
    for number, text in enumerate(texts):
        store.add({"prompt": text, "sample": number}, {"text": text}, {"question": text})
    again = AnswerStore(path)
    for number, text in enumerate(texts):
        assert again.find({"prompt": text, "sample": number}) == {"text": text.encode("utf-8", "replace").decode()}
    assert len(path.read_bytes().splitlines()) == len(texts)


def test_a_file_that_cannot_be_written_fails_the_step_in_one_line(asking: Space) -> None:
    (asking.root / ANSWERS).mkdir(parents=True)
    asking.entry(step("ab"))
    assert "answers.jsonl can't be written: " in asking.run("day", "133", check=1).out


def test_the_name_is_reserved(space: Space) -> None:
    own = "from journal import Context, Report, task\n\n\n@task('u.own')\ndef own(ctx: Context) -> Report:\n"
    body = (
        '    """Write a file."""\n    (ctx.out / "answers.jsonl").write_text("")\n    return Report().metric("a", 1)\n'
    )
    space.write("plugins/own.py", own + body)
    space.entry("  own: {uses: u.own}\n")
    assert "the task made answers.jsonl, which is a reserved name" in space.run("day", "133", check=1).out
