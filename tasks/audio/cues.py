"""Which cue of subtitles or of a TextGrid is said in which clip, by their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .label_files import Label

_SURE = 0.5  # of the shorter of cue and clip, from which a cue is sure to be the clip's
_INSIDE = 0.8  # of a cue, from which it lies in a clip, so that it may be joined with others there
_FARTHEST_S, _STEPS_PER_S = 10.0, 20  # how far cues are tried to be shifted, and how finely
_BETTER = 1.2  # by how much more time has to be shared then
_FEWEST = 5  # clips and cues, of which a shift can be told

Span = tuple[float, float]
"""Start and end in seconds."""


@dataclass(frozen=True)
class Matched:
    """The text of each clip, which may be empty; the clips whose text isn't sure; the cues that meet no clip."""

    texts: list[str]
    unsure: set[int]
    strays: list[Label]
    late_s: float = 0.0
    """How much later all cues seem to stand than what is said, negative for earlier, where that changes a text."""


def match_cues(clips: Sequence[Span], cues: Sequence[Label]) -> Matched:
    """Give each cue to the clip that it shares most time with; several cues of one clip are joined in order.

    Not sure is a clip that shares less than half of itself or of its cue, one of several that a cue lies over, one with
    several cues that do not all lie inside, and one that would get another text if all cues stood where they fit best.
    """
    found = _match(clips, cues)
    late_s = find_shift_s(clips, cues)
    shifted = _match(clips, shift_cues(cues, -late_s)) if late_s else found
    other = {number for number, text in enumerate(shifted.texts) if text != found.texts[number]}
    return replace(found, unsure=found.unsure | other, late_s=late_s) if other else found


def _match(clips: Sequence[Span], cues: Sequence[Label]) -> Matched:
    own: list[list[Label]] = [[] for _ in clips]
    unsure, strays = set[int](), []
    starts_s, ends_s = np.array(clips, dtype=np.float64).reshape(-1, 2).T
    for cue in sorted(cues, key=lambda cue: (cue.start_s, cue.end_s)):
        shared_s = np.minimum(ends_s, cue.end_s) - np.maximum(starts_s, cue.start_s)
        best = int(shared_s.argmax()) if clips else -1
        if best < 0 or shared_s[best] <= 0:
            strays.append(cue)
            continue
        own[best].append(cue)
        over = {int(number) for number in np.flatnonzero(shared_s >= _SURE * (ends_s - starts_s))}
        if len(over) > 1:
            unsure |= over | {best}
        if shared_s[best] < _SURE * min(ends_s[best] - starts_s[best], cue.end_s - cue.start_s):
            unsure.add(best)
    unsure |= {number for number, some in enumerate(own) if len(some) > 1 and not _are_inside(clips[number], some)}
    return Matched([" ".join(cue.text for cue in some) for some in own], unsure, strays)


def shift_cues(cues: Sequence[Label], seconds: float) -> list[Label]:
    """Return cues that stand later by so many seconds."""
    return [cue._replace(start_s=cue.start_s + seconds, end_s=cue.end_s + seconds) for cue in cues]


def find_shift_s(clips: Sequence[Span], cues: Sequence[Label]) -> float:
    """Return how much later all cues stand than what is said, negative for earlier; 0 where they fit as they are.

    Cues of another edition of a recording may all lie over the next clip, and each by itself looks right.
    """
    if min(len(clips), len(cues)) < _FEWEST:
        return 0.0
    end_s = max(clips[-1][1], max(cue.end_s for cue in cues)) + 2 * _FARTHEST_S
    said, told = _presence(clips, end_s), _presence([(cue.start_s, cue.end_s) for cue in cues], end_s)
    steps = round(_FARTHEST_S * _STEPS_PER_S)
    shared = {shift: float(said @ np.roll(told, -shift)) for shift in range(-steps, steps + 1)}
    most = max(shared.values())
    best = [shift for shift, both in shared.items() if both == most]
    return best[len(best) // 2] / _STEPS_PER_S if most > _BETTER * shared[0] else 0.0


def _presence(spans: Sequence[Span], end_s: float) -> NDArray[np.float32]:
    """Return 1 for each step of time in which something is, else 0."""
    found = np.zeros(round(end_s * _STEPS_PER_S), np.float32)
    for start_s, last_s in spans:
        found[round(start_s * _STEPS_PER_S) : round(last_s * _STEPS_PER_S)] = 1
    return found


def _are_inside(clip: Span, cues: Sequence[Label]) -> bool:
    shared_s = [min(clip[1], cue.end_s) - max(clip[0], cue.start_s) for cue in cues]
    return all(both >= _INSIDE * (cue.end_s - cue.start_s) for both, cue in zip(shared_s, cues, strict=True))
