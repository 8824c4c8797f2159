"""A number of another step of the same task is found, where the sentence says which step it speaks of."""

from __future__ import annotations

import pytest

from journal.ask.prose.runs import Runs
from journal.text.entry import Step


def _step(name: str, **parameters: object) -> Step:
    return Step(name, "factor.analysis", parameters, 1, {})


RAW, PLAIN = _step("factors-raw", standardize=False, factors=2), _step("factors", factors=2)


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("Standardised, the first factor has an eigenvalue of #", "factors-raw"),
        ("Once the grades are standardized, F1 takes #", "factors-raw"),
        ("Without standardising, the first eigenvalue is #", "factors"),
        ("Before standardising the two factors explained #", "factors"),
        ("The unstandardised eigenvalue is #", "factors"),
        ("With the raw grades the first factor explains #", "factors"),
        ("The first factor explains #", ""),
        ("Standardised it is 1.98, and raw it is #", ""),
        ("Without standardising it is 12.34; afterwards #", ""),
    ],
)
def test_the_words_of_a_parameter_or_an_id_tell_the_step(text: str, out: str) -> None:
    found = Runs([RAW, PLAIN]).ruled_out(text, text.index("#"))
    assert found == (frozenset({out}) if out else frozenset())


def test_the_value_of_a_parameter_tells_the_step() -> None:
    runs = Runs([_step("a", method="minres"), _step("b", method="ml")])
    assert runs.ruled_out("By minres the first loading is #", 31) == {"b"}


def test_one_step_of_a_task_is_never_ruled_out() -> None:
    assert Runs([RAW]).ruled_out("Standardised, it is #", 20) == frozenset()
