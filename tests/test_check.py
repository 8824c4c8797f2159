"""journal check: typed numbers that differ from the reports are found, and right ones are left alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from conftest import Space, entry_name, make_space

from journal.ask.check import check_entry
from journal.record import Record
from journal.record.facts import read_facts
from journal.text.workspace import find_workspace

ROOT = Path(__file__).parents[1]
STEPS = """  clips: {uses: toy.clips}
  factors: {uses: factor.analysis, data: grades.csv, factors: 2}
"""
CLIPS = '''"""A report with what audio.clip reports."""
from journal import Report, task


@task("toy.clips")
def clips() -> Report:
    """Report clips as audio.clip does."""
    report = Report().metric("clips", 36).metric("length", 4.75, "min", digits=2)
    report.table([["greetings", 9, 10.56], ["moods", 27, 274.44]], ["recording", "clips", "seconds"], digits=2)
    return report.total("glaswegian", 285, "s")
'''

POND = '''"""A pond."""
from journal import Report, task


@task("toy.pond")
def pond() -> Report:
    """Measure a pond."""
    return Report().metric("depth", 250.0, "m").metric("width", 1000.0, "m")
'''

# The first three are what the author of the real Day 133 typed; of the rest each is one way to mistype.
WRONG = {
    "this is F1 accounts for 0.0089% of the variance in Y1 which is Finance, while F2 accounts for 99.90%.": "0.0892 %",
    "Finance has 0.892 % of its variance from F1.": "0.0892 %",
    "F1 accounts for 0.0892 of the variance of Finance and 98.38 % of Marketing.": "98.83 %",
    "The eigenvalues of F1 and F2 are 1.918 and 1.008.": "1.981",
    "The eigenvalue of F2 is 1.080.": "1.008",
    "I cut 38 clips today.": "36",
    "The clips have a length of 4.57 minutes.": "4.75 min",
    "The length is 4.75 % so far.": "4.75 min",
    "The recording of greetings took 10.65 seconds.": "10.56 s",
    "Policy loads 0.961 on F1.": "0.996",
    "In total we have 4.57 of 120 minutes.": "4.75 min",
    "Together the factors take 99.56 % of the variance, F2 cumulative.": "99.66 %",
}

# Sentences that are right, or that speak of other things: the measure of false alarms.
RIGHT = """
I cut 36 clips today, and the length of all of them is 4.75 minutes.
That is 285 seconds of clips.
The total amount we have so far is 4.75 minutes.
In total we have 4.75 of 120 minutes.
We want 2 hours in total.
Today I did 4 of the 10 videos.
I listened to 3 clips again, and to one of them 5 times.
Each clip should be shorter than 10 seconds.
The greetings recording gave 9 clips, the moods recording 27.
Where are the eigenvalues? The overall under each loading. 1.981 and 1.008.
The eigenvalues of F1 and F2 are 1.98 and 1.01.
F1 has an eigenvalue of almost 2.
The eigenvalues are 1.98146, 1.00831 and 0.01023 for F1, F2 and F3.
F1 accounts for 0.0892 % of the variance of Finance, F2 for 99.90 %.
F1 accounts for 0.09% of the variance in Finance.
We take the 1st row and F1: 0.00089222, which is the share of the variance of Finance.
In total, the 2 factor space accounts for 99.99% of the variance of Finance.
Finance loads 0.02987 on F1 and 0.99951 on F2.
Finance loads 0.03 on F1 and 1.00 on F2.
Marketing loads -0.08 on F2, Policy 0.05.
Marketing has a negative loading of 0.08153 on F2.
The two factors keep 99.66 % of the variance.
The first factor alone takes 66.05 %, cumulative with F2 it is 99.66 %.
The communality of Policy is 0.99492.
Its uniqueness is only 0.005.
Policy has a uniqueness of 0.00508.
I read chapters 1 to 4 of the book, about 120 pages.
At 22:30 I stopped; the session took 1.5 hours.
This is Day 133, and on Day 129 we began with the data set.
On 2024-05-13 it was 18 degrees in Glasgow.
The model has 134.5 million parameters and 30 layers.
I train with a learning rate of 0.0002 and a rank of 8.
`clips: 99` is how one would write it in code.
See [part 38](clips-38.md) for the other clips.
In 2023, 95 % of the posts had no variance explained at all.
The grades of the 5 students are between 3 and 10.
Finance is taught 4 hours a week.
My phone recorded 48 kHz sound, 16 bits, for all clips.
I would like at least 50 clips of each kind.
The loss fell from 5.0 to 2.8 in 8 steps.
We need 96 % more clips.
I read 38 pages of a guide on how to cut good clips.
About 4 % of the goal is done in total.
""".strip().split("\n")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Space:
    """A day with the clips of the real post and the factor analysis of its data."""
    space = make_space(tmp_path_factory.mktemp("check"))
    space.write("plugins/clips.py", CLIPS)
    space.write("grades.csv", (ROOT / "data/grades.csv").read_text())
    space.entry(STEPS, "<!-- journal:clips -->\n\n<!-- journal:factors -->\n\n## What I typed\n\n")
    space.run("day", "133", check=0)
    return space


def check(day: Space, *sentences: str) -> list[str]:
    """Check an entry with these sentences in it; returns the lines that were printed."""
    path = next((day.root / "entries").glob("*.md"))
    before = path.read_bytes()
    try:
        path.write_bytes(before + "\n\n".join(sentences).encode())
        done = day.run("check", "133")
    finally:
        path.write_bytes(before)
    lines = done.out.strip().split("\n")
    assert done.code == (0 if lines == ["no typed number differs"] else 1)
    return lines if done.code else []


@pytest.mark.parametrize("sentence", WRONG)
def test_a_wrong_number_is_found_with_its_line_and_the_true_value(day: Space, sentence: str) -> None:
    text = next((day.root / "entries").glob("*.md")).read_text()
    (line,) = check(day, sentence)
    assert line.startswith(f"entries/2024-05-13-day-133.md:{text.count(chr(10)) + 1}: typed ")
    assert f"says {WRONG[sentence]} (" in line


def test_where_check_draws_its_lines(space: Space) -> None:
    """A tenth off is near, more is another number; a whole number stands beside its name; what is typed is compared."""
    space.write("plugins/pond.py", POND)
    path = space.entry("  pond: {uses: toy.pond}\n")
    space.run("day", "133", check=0)
    before = path.read_text()
    for sentence, is_found in {
        "The depth is 227 m.": True,  # 9.2 % off
        "The depth is 222 m.": False,  # 11.2 % off, and no digit merely slipped
        "The width is 1000.04 m.": True,  # two decimals were typed
        "The width is 1000 m.": False,
        "The depth is 250 kg.": False,  # a unit that no report has: another thing
        "The depth that my brother measured with a stick was 227.": False,  # a count too far from its name
    }.items():
        path.write_text(f"{before}\n{sentence}\n")
        assert (space.run("check", "133").code == 1) is is_found, sentence


def test_right_prose_raises_no_alarm(day: Space) -> None:
    assert check(day, *RIGHT) == []


def test_numbers_in_blocks_code_and_links_are_not_typed_ones(day: Space) -> None:
    assert check(day, "```\nI cut 38 clips\n```", "`38 clips`", "[x](https://example.org/38-clips)") == []


def test_json_tells_the_same(day: Space) -> None:
    import json

    path = next((day.root / "entries").glob("*.md"))
    before = path.read_bytes()
    try:
        path.write_bytes(before + b"I cut 38 clips today.\n")
        (finding,) = json.loads(day.run("check", "133", "--json", check=1).out)
    finally:
        path.write_bytes(before)
    assert finding["typed"] == "38"
    assert finding["means"] == {"step": "clips", "name": "clips", "address": "clips.clips", "value": 36.0, "unit": ""}


def test_a_sentence_that_its_author_settles_is_left_alone(day: Space) -> None:
    assert check(day, "I cut 38 clips today. <!-- check: ok -->", "I cut 38 clips <!-- check: ok --> today.") == []
    assert len(check(day, "I cut 38 clips today. <!-- check: ok --> The KMO is 0.43.")) == 1


def test_what_is_in_doubt_is_asked_in_a_list_of_its_own(day: Space) -> None:
    path = next((day.root / "entries").glob("*.md"))
    before = path.read_bytes()
    try:
        path.write_bytes(before + b"The uniqueness was 0.0055 there.\n")
        done = day.run("check", "133", check=0)
    finally:
        path.write_bytes(before)
    first, header, question = done.out.strip().split("\n")
    assert first == "no typed number differs"
    assert header.startswith("In doubt")
    assert "typed 0.0055; which one is this?" in question


REFERENCE = ROOT / "tests/references/check"


@dataclass(frozen=True)
class Case:
    day: int
    kind: str
    wrong: str
    text: str


def read_cases(name: str) -> list[Case]:
    """Read sentences, each with its day, its kind of slip or "right", and the wrong number as typed."""
    rows = [line.split("|", 3) for line in (REFERENCE / name).read_text().splitlines() if not line.startswith("#")]
    return [Case(int(day), kind.strip(), wrong.strip(), text.strip()) for day, kind, wrong, text in rows]


def judge(cases: list[Case], folder: Path) -> dict[str, tuple[int, int, int]]:
    """Count by kind: cases, those with an alarm (on the wrong number, for slips), those only asked about."""
    copytree(REFERENCE, folder)
    counts: dict[str, tuple[int, int, int]] = {}
    workspace = find_workspace(folder)
    entries = {day: Record(workspace).entry_path(day) for day in {case.day for case in cases}}
    plain = {day: path.read_text() for day, path in entries.items()}
    for case in cases:
        entries[case.day].write_text(f"{plain[case.day]}\n{case.text}\n")
        record = Record(workspace)
        found = check_entry(record.entry(case.day), record)
        alarms = [
            one for one in found if one.sure and (case.kind == "right" or digits(case.wrong) == digits(one.typed))
        ]
        all_of, hit, asked = counts.get(case.kind, (0, 0, 0))
        counts[case.kind] = (all_of + 1, hit + bool(alarms), asked + (bool(found) and not alarms))
    return counts


def digits(text: str) -> str:
    """Return the number alone, without sign and unit."""
    return next(iter(re.findall(r"[\d.,]+(?:e-?\d+)?", text)), text)


@pytest.mark.parametrize("name", ["developed.txt", "held-out.txt"])
def test_slips_are_found_and_right_sentences_left_in_peace(name: str, tmp_path: Path) -> None:
    """The rates to reach: 90 % found, 2 % false alarms, 5 % asked. All cases were written before the rules.

    Of those held out, only the counts were seen while the rules were made; docs/checking.md says what came of that.
    """
    counts = judge(read_cases(name), tmp_path / "workspace")
    right, alarms, asked = counts.pop("right")
    slips, found = sum(one[0] for one in counts.values()), sum(one[1] for one in counts.values())
    print(name, {"right": (right, alarms, asked), **counts})
    assert found >= 0.9 * slips
    assert alarms <= 0.02 * right
    assert asked <= 0.05 * right


@pytest.mark.parametrize(
    ("text", "alarms"),
    [
        ("Held-out perplexity went from 17.4 to 1609 thanks to the adapter.", ["17.4"]),
        ("Held-out perplexity went from 1609 to 17.4 thanks to the adapter.", []),
        ("Perplexity went from 17.4 to 1609; the KMO of the grades is 0.430.", ["17.4", "0.430"]),
        ("The loading of Marketing on the second factor is 0.0815.", ["0.0815"]),
        ("The loading of Marketing on the second factor is negative, 0.0815.", []),
        ("The loading of Marketing on the second factor is -0.0815.", []),
        ("All told the clips last 46.8 seconds.", ["46.8"]),
        ("All told the clips last 48.6 seconds.", []),
        ("We have thirty-seven clips now, and thirty of something else.", ["thirty-seven"]),
        ("We have thirty-six clips now.", []),
        ("With few-shot, the probability of “There” is 33 %.", ["33"]),
        ("With few-shot, the probability of “There” is 84 % instead of 33 %.", []),
        ("In raw grades the second factor explains 33.6 % of the variance.", ["33.6"]),
        ("With standardised grades the second factor explains 33.6 % of the variance.", []),
        ("“There” went from 33 % to 84 %.", []),
    ],
)
def test_order_sign_and_other_words_for_totals(text: str, alarms: list[str], tmp_path: Path) -> None:
    copytree(REFERENCE, tmp_path / "workspace")
    record = Record(find_workspace(tmp_path / "workspace"))
    path = record.entry_path(133)
    path.write_text(f"{path.read_text()}\n{text}\n")
    found = check_entry(record.entry(133), record)
    assert [digits(one.typed) for one in found if one.sure] == alarms


@pytest.mark.parametrize(("half", "least"), [("a", 0.66), ("b", 0.6)])
def test_sentences_of_a_stranger_on_the_sample_days(half: str, least: float, tmp_path: Path) -> None:
    """Written by somebody who knew neither rules nor code; half b was never looked at, see docs/checking.md."""
    rows = [json.loads(line) for line in (REFERENCE / "strangers-year.jsonl").read_text().splitlines()]
    copytree(ROOT / "entries", tmp_path / "entries", ignore=ignore_patterns("*.png", "*.flac", "*.svg"))
    copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "journal.yml").write_text((ROOT / "journal.yml").read_text())
    workspace = find_workspace(tmp_path)
    slips, found, right, alarms = 0, 0, 0, 0
    for day in sorted({row["day"] for row in rows}):
        path = Record(workspace).entry_path(day)
        plain = path.read_text()
        of_day = [row for row in rows if row["day"] == day and row["half"] == half]
        path.write_text(plain + "".join(f"\n\n{row['sentence']}\n" for row in of_day))
        record = Record(workspace)
        lines = [one.line for one in check_entry(record.entry(day), record) if one.sure]
        line = plain.count("\n") + 1
        for row in of_day:
            end = line + row["sentence"].count("\n") + 3
            is_alarmed = any(line <= one < end for one in lines)
            slips, right = slips + (not row["right"]), right + row["right"]
            found, alarms = found + (is_alarmed and not row["right"]), alarms + (is_alarmed and row["right"])
            line = end
    print(half, {"slips": slips, "found": found, "right": right, "alarms": alarms})
    assert found >= least * slips
    assert alarms <= 0.035 * right


def test_facts_have_addresses() -> None:
    record = Record(find_workspace(REFERENCE))
    facts = read_facts(record.entry(133), record)
    values = {
        "factors.share[Finance, F1]": 0.0892,
        "factors.eigenvalue[F2]": 1.0083,
        "factors.KMO": 0.3399,
        "factors.Bartlett's sphericity[p]": 0.0379,
        "clips.seconds[weather]": 14.09,
        "phrasebook.held-out perplexity after": 17.4383,
    }  # as the reports of Day 133 show them
    for address, value in values.items():
        fact = facts.find(address)
        assert fact is not None, address
        assert round(fact.value, 4) == value


def test_days_that_are_named_could_be_links(tmp_path: Path) -> None:
    space = make_space(tmp_path / "workspace")
    space.entry("", "On day 132 I began, on Day 131 I rested, and [day 130](x.md) is a link; see `day 132`.\n")
    space.entry("", "Before.\n", day=132)
    done = space.run("check", "133", check=0)
    link = f"[day 132]({entry_name(132)}.md)"
    assert f"entries/{entry_name(133)}.md:5: day 132 → {link}" in done.out
    assert done.out.count("→") == 1  # day 131 has no entry, day 130 leads somewhere, and code is code
    space.run("check", "133", "--bind", "--yes", check=0)
    assert f"On {link} I began, on Day 131" in (space.root / f"entries/{entry_name(133)}.md").read_text()
    assert "→" not in space.run("check", "133", check=0).out
