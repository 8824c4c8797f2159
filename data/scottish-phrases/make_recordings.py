"""Make the sample recordings and boundaries.csv again from phrases.csv with espeak-ng's Scottish English voice.

A tool for developers: ``pip install 'espeakng-loader==0.2.4' 'imageio-ffmpeg==0.8.1' numpy``, then
``python data/scottish-phrases/make_recordings.py [FOLDER]``; it is this script's own folder if left out. espeak-ng is
GPL-3; only this script uses it.
"""

from __future__ import annotations

import csv
import ctypes
import subprocess
import sys
import zlib
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
VOICE = b"en-gb-scotland"
RATE_HZ = 22050
SPEEDS_WPM = (150, 138, 160)
PITCHES = (46, 50, 42)
NOISE_DB = -62.0  # of full scale: a quiet room
PEAK = 0.5
AUDIBLE = 0.01  # of a phrase's peak: -40 dB, where a phrase begins and ends in boundaries.csv
SPOKEN = {"nicht": "[[nIxt]]", "dreich": "[[dri:x]]", "gey": "guy"}
"""Words that the voice would read wrongly, as it has to be told them."""


@dataclass(frozen=True)
class Said:
    """One phrase in a recording, from its first to past its last audible sample."""

    recording: str
    start: int
    end: int
    text: str
    english: str


def main(folder: Path = HERE) -> None:
    """Write every recording of a folder's phrases.csv and the boundaries of all their phrases."""
    engine = Engine()
    with (folder / "phrases.csv").open(encoding="utf-8", newline="") as stream:
        phrases = list(csv.DictReader(stream))
    boundaries = []
    for recording, group in groupby(phrases, key=lambda row: row["recording"]):
        samples, said = record(engine, recording, list(group))
        encode(samples, folder / f"{recording}.opus")
        boundaries += said
    write_boundaries(boundaries, folder)


class Engine:
    """espeak-ng through ctypes, one phrase at a time."""

    def __init__(self) -> None:
        import espeakng_loader

        self.library = ctypes.CDLL(espeakng_loader.get_library_path())
        retrieval, data = 1, espeakng_loader.get_data_path().encode()
        rate_hz = self.library.espeak_Initialize(retrieval, 0, data, 0)
        if rate_hz != RATE_HZ:
            raise SystemExit(f"espeak-ng gives {rate_hz} Hz, not {RATE_HZ}")
        self.library.espeak_SetVoiceByName(VOICE)
        self.blocks: list[np.ndarray] = []
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self.callback = kind(self._collect)  # kept: the library holds only a pointer to it
        self.library.espeak_SetSynthCallback(self.callback)

    def say(self, text: str, speed_wpm: int, pitch: int) -> np.ndarray:
        """Return a phrase's audible samples, scaled to PEAK."""
        self.blocks.clear()
        self.library.espeak_SetParameter(1, speed_wpm, 0)
        self.library.espeak_SetParameter(3, pitch, 0)
        spoken = " ".join(SPOKEN.get(word, word) for word in text.split()).encode()
        utf8_and_phonemes = 0x101
        self.library.espeak_Synth(spoken, len(spoken) + 1, 0, 1, 0, utf8_and_phonemes, None, None)
        self.library.espeak_Synchronize()
        samples = np.concatenate(self.blocks) / 32768
        audible = np.flatnonzero(np.abs(samples) > AUDIBLE * np.abs(samples).max())
        samples = samples[audible[0] : audible[-1] + 1]
        return samples * (PEAK / np.abs(samples).max())

    def _collect(self, wave: ctypes.Array[ctypes.c_short], count: int, events: int) -> int:
        if wave and count:
            self.blocks.append(np.ctypeslib.as_array(wave, (count,)).astype(np.float64))
        return 0


def record(engine: Engine, recording: str, phrases: list[dict[str, str]]) -> tuple[np.ndarray, list[Said]]:
    """Say each phrase as often as it asks, between pauses, in a quiet room."""
    random = np.random.default_rng(zlib.crc32(recording.encode()))
    parts, said, position = [], [], 0
    for row in phrases:
        for repeat in range(int(row["repeats"])):
            quiet = np.zeros(seconds(random.uniform(0.7, 1.1) + (0.5 if repeat == 0 else 0)))
            phrase = engine.say(row["text"], SPEEDS_WPM[repeat % 3], PITCHES[repeat % 3])
            start = position + len(quiet)
            position = start + len(phrase)
            said.append(Said(recording, start, position, row["text"], row["english"]))
            parts += [quiet, phrase]
    samples = np.concatenate([*parts, np.zeros(seconds(1.5))])
    return samples + room(random, len(samples)), said


def room(random: np.random.Generator, count: int) -> np.ndarray:
    """Return noise that falls with frequency, as rooms have it."""
    spectrum = np.fft.rfft(random.normal(size=count))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 40.0))
    noise = np.fft.irfft(spectrum, count)
    return noise * (10 ** (NOISE_DB / 20) / noise.std())


def seconds(duration_s: float) -> int:
    """Return a duration as a number of samples."""
    return round(duration_s * RATE_HZ)


def encode(samples: np.ndarray, path: Path) -> None:
    """Write samples as Opus; the same samples give the same bytes with the same ffmpeg."""
    import imageio_ffmpeg

    given = ["-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1", "-i", "-"]
    wanted = ["-c:a", "libopus", "-b:a", "28k", "-ar", "24000", "-bitexact", "-map_metadata", "-1", str(path)]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *given, *wanted]
    subprocess.run(command, input=np.round(samples * 32767).astype("<i2").tobytes(), check=True)


def write_boundaries(boundaries: list[Said], folder: Path) -> None:
    """Write where each phrase begins and ends."""
    with (folder / "boundaries.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["recording", "start_s", "end_s", "text", "english"])
        for said in boundaries:
            times = f"{said.start / RATE_HZ:.4f}", f"{said.end / RATE_HZ:.4f}"
            writer.writerow([said.recording, *times, said.text, said.english])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
