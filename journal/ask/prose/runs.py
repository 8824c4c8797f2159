"""Which of several steps of one task a sentence speaks of, by the words for what sets them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from journal.text.entry import Step

_NOT = r"(?:\b(?:without|before|not|no|prior to|un-?|non-?)\s*(?:\w+\s+){0,2})"
_SEGMENT = re.compile(r"[;:](?=\s)|\.(?=\s|$)")


@dataclass(frozen=True)
class _Cue:
    """Words by which some steps are meant, and not others of the same task."""

    pattern: re.Pattern[str]
    meant: frozenset[str]
    others: frozenset[str]


class Runs:
    """The steps of an entry that share a task, told apart by their ids and by the parameters in which they differ."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.cues = [
            cue
            for task in {step.uses for step in steps}
            if len(group := [step for step in steps if step.uses == task]) > 1
            for cue in (*_of_ids(group), *_of_parameters(group))
        ]

    def ruled_out(self, text: str, position: int) -> frozenset[str]:
        """Return the steps that the words around a number say it is not of; none where they speak of several."""
        if not self.cues:
            return frozenset()
        ends = [0, *(found.end() for found in _SEGMENT.finditer(text)), len(text)]
        begin = max(end for end in ends if end <= position)
        segment = text[begin : next((end for end in ends if end > position), len(text))]
        said = _without_overlaps([(found, cue) for cue in self.cues for found in cue.pattern.finditer(segment)])
        meant = {cue.meant for cue in said}
        return next(iter(said)).others if len(meant) == 1 else frozenset()


def _of_ids(steps: Sequence[Step]) -> Iterator[_Cue]:
    words = {step.id: set(re.split(r"[-_]", step.id.lower())) for step in steps}
    for step in steps:
        own = words[step.id] - {word for other, its in words.items() if other != step.id for word in its}
        others = frozenset(words) - {step.id}
        yield from (_Cue(_word(word), frozenset({step.id}), others) for word in own if len(word) > 2)


def _of_parameters(steps: Sequence[Step]) -> Iterator[_Cue]:
    names = {name for step in steps for name in step.parameters}
    for name in names:
        given = {step.id: step.parameters.get(name) for step in steps}
        if any(isinstance(value, bool) for value in given.values()):
            stated = next(value for value in given.values() if isinstance(value, bool))
            whether = {step: (not stated) if value is None else value for step, value in given.items()}
            yes = frozenset(step for step, value in whether.items() if value is True)
            no = frozenset(step for step, value in whether.items() if value is False)
            stem = re.sub("i[sz]$", "i[sz]", re.escape(name.rstrip("e"))) if len(name) > 4 else re.escape(name)
            if yes and no:
                yield _Cue(re.compile(rf"{_NOT}{stem}\w*", re.IGNORECASE), no, yes)
                yield _Cue(re.compile(rf"(?<!\w){stem}\w*", re.IGNORECASE), yes, no)
        elif len(set(map(str, given.values()))) > 1:
            for value in {str(value) for value in given.values() if isinstance(value, str) and value.isalpha()}:
                meant = frozenset(step for step, its in given.items() if its == value)
                yield _Cue(_word(value), meant, frozenset(given) - meant)


def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])", re.IGNORECASE)


def _without_overlaps(found: list[tuple[re.Match[str], _Cue]]) -> list[_Cue]:
    """Return the cues said, the longer where two overlap: "not standardised" is not "standardised"."""
    kept: list[tuple[re.Match[str], _Cue]] = []
    for match, cue in sorted(found, key=lambda one: one[0].start() - one[0].end()):
        if all(match.end() <= other.start() or other.end() <= match.start() for other, _ in kept):
            kept.append((match, cue))
    return [cue for _, cue in kept]
