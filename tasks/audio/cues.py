"""Which cue of subtitles or of a TextGrid is said in which clip, by their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .label_files import Label

_SURE = 0.5  # of the shorter of cue and clip, from which a cue is sure to be the clip's
_INSIDE = 0.8  # of a cue, from which it lies in a clip, so that it may be joined with others there

Span = tuple[float, float]
"""Start and end in seconds."""


@dataclass(frozen=True)
class Matched:
    """The text of each clip, which may be empty; the clips whose text isn't sure; the cues that meet no clip."""

    texts: list[str]
    unsure: set[int]
    strays: list[Label]


def match_cues(clips: Sequence[Span], cues: Sequence[Label]) -> Matched:
    """Give each cue to the clip that it shares most time with; several cues of one clip are joined in order.

    Not sure is a clip that shares less than half of itself or of its cue, one of several that a cue lies over, and one
    with several cues that do not all lie inside.
    """
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


def _are_inside(clip: Span, cues: Sequence[Label]) -> bool:
    shared_s = [min(clip[1], cue.end_s) - max(clip[0], cue.start_s) for cue in cues]
    return all(both >= _INSIDE * (cue.end_s - cue.start_s) for both, cue in zip(shared_s, cues, strict=True))
