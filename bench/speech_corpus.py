"""Recordings with known utterances for measuring detectors: real and synthetic voices in rooms, noise and babble.

``make_corpus(sounds, part)`` returns the recordings of the part ``dev``, on which settings may be chosen, or ``held``,
on which they may not: other speakers, other voices, other phrases, other noise. The real voices are the prompts of
Debian's packages ``asterisk-core-sounds-{en,ru,fr,it}-wav`` (CC-BY-SA, 8 kHz), unpacked anywhere:
``apt-get download asterisk-core-sounds-en-wav && dpkg -x asterisk-core-sounds-en-wav*.deb FOLDER``. The synthetic ones
are espeak-ng's, from the package espeakng-loader (GPL-3, used only here).
"""

from __future__ import annotations

import ctypes
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

RATE_HZ = 16000
REAL = {"dev": ["en_US", "ru_RU"], "held": ["fr_CA", "it_IT"]}
SYNTHETIC = {
    "dev": ["en-gb-scotland", "en-gb-scotland+f2", "en-us+m1", "en-gb-x-rp+f5"],
    "held": ["en-gb-scotland+m3", "en-gb-scotland+f4", "en-us+f1", "en-gb+m7"],
}
PHRASES = {
    "dev": [
        *["whit ye daein the day", "how's it gaun", "ah'm pure knackered", "pure dead brilliant", "gonnae no dae that"],
        *["haud yer wheesht", "it's a braw bricht night", "aye", "naw", "see you later", "where is my house"],
        *["I would like a cup of tea please", "seven", "the train leaves at nine", "stop", "come in and sit down"],
    ],
    "held": [
        *["yer bum's oot the windae", "it's pure baltic ootside", "keep the heid", "wee man", "och aye", "dinnae fash"],
        *["lang may yer lum reek", "whaur ye gaun", "yes", "no", "open the window", "she sells sea shells"],
        *["thirty two", "good morning everyone", "fish and chips twice", "that is far too expensive for me"],
    ],
}
VOWELS = {"a": (730, 1090, 2440), "i": (270, 2290, 3010), "u": (300, 870, 2240), "o": (570, 840, 2410)}
UTTERANCES = 14  # in a recording
AUDIBLE = 0.01  # of an utterance's peak: -40 dB, where it begins and ends
PAUSE_S = 0.6, 1.6


@dataclass(frozen=True)
class Recorded:
    """A recording and its utterances in seconds."""

    name: str
    condition: str
    samples: np.ndarray
    truth_s: list[tuple[float, float]]


def make_corpus(sounds: Path, part: str, recordings: int = 4) -> list[Recorded]:
    """Make so many recordings in each condition; the same part has the same bytes."""
    voices = [*_real_voices(sounds, part), *_synthetic_voices(part)]
    return [
        _record(f"{part}-{condition}-{number}", condition, voices[(number + shift) % len(voices)], voices)
        for shift, condition in enumerate(CONDITIONS)
        for number in range(recordings)
    ]


Voice = list[np.ndarray]
Random = np.random.Generator


def _record(name: str, condition: str, voice: Voice, voices: list[Voice]) -> Recorded:
    random = np.random.default_rng(zlib.crc32(name.encode()))
    samples, spans = LAYOUTS.get(condition, _say)(random, voice)
    others = [one for one in voices if one is not voice]
    heard = CONDITIONS[condition](random, samples, spans, others)
    peak = np.abs(heard).max()
    whole = np.round(np.clip(heard * min(1.0, 0.98 / peak), -1, 1) * 32767).astype(np.int16)
    return Recorded(name, condition, whole, [(start / RATE_HZ, end / RATE_HZ) for start, end in spans])


# how utterances are laid out

Laid = tuple[np.ndarray, list[tuple[int, int]]]


def _say(random: Random, voice: Voice, pause_s: tuple[float, float] = PAUSE_S, count: int = UTTERANCES) -> Laid:
    chosen = [voice[number] for number in random.choice(len(voice), count, replace=len(voice) < count)]
    return _lay(random, chosen, pause_s)


def _lay(random: Random, chosen: list[np.ndarray], pause_s: tuple[float, float]) -> Laid:
    parts, spans, position = [], [], 0
    for utterance in chosen:
        quiet = np.zeros(round(random.uniform(*pause_s) * RATE_HZ))
        start = position + len(quiet)
        position = start + len(utterance)
        spans.append((start, position))
        parts += [quiet, utterance * random.uniform(0.6, 1.0)]
    parts.append(np.zeros(round(random.uniform(*PAUSE_S) * RATE_HZ)))
    return np.concatenate(parts), spans


def _say_sparsely(random: Random, voice: Voice) -> Laid:
    """Three short words in five minutes."""
    short = sorted(voice, key=len)[: max(3, len(voice) // 4)]
    return _lay(random, [short[number] for number in random.choice(len(short), 3, replace=False)], (60, 110))


def _say_quickly(random: Random, voice: Voice) -> Laid:
    """Pauses shorter than the 0.35 s that usually end an utterance, but as long as its own are short."""
    return _say(random, voice, (0.4, 0.5))


def _sing(random: Random, voice: Voice) -> Laid:
    """Long vowels, as a singer or a phonetician holds them."""
    return _lay(random, [_vowel(random) for _ in range(9)], PAUSE_S)


def _vowel(random: Random) -> np.ndarray:
    length_s, pitch_hz = random.uniform(0.9, 2.5), random.uniform(95, 240)
    times = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    vibrato = 1 + 0.015 * np.sin(2 * np.pi * random.uniform(4, 6) * times) - 0.04 * times
    phase = np.cumsum(pitch_hz * vibrato) / RATE_HZ
    pulses = np.diff(np.floor(phase), prepend=0) + 0.02 * random.normal(size=len(times))
    sound = pulses
    for centre_hz, width_hz in zip(VOWELS[random.choice(list(VOWELS))], (80, 100, 150), strict=True):
        sound = _resonate(sound, centre_hz, width_hz)
    fade = np.minimum(1, np.minimum(times, times[::-1]) / 0.04)
    return _audible(sound * fade)


def _resonate(sound: np.ndarray, centre_hz: float, width_hz: float) -> np.ndarray:
    """Filter with one formant, by the response of a two-pole resonator cut off after 0.1 s."""
    times = np.arange(round(0.1 * RATE_HZ)) / RATE_HZ
    response = np.exp(-np.pi * width_hz * times) * np.sin(2 * np.pi * centre_hz * times)
    return _convolve(sound, response)


# what is heard beside them

Heard = Callable[[Random, np.ndarray, list[tuple[int, int]], list[Voice]], np.ndarray]


def _quiet_room(random: Random, samples: np.ndarray, spans: list[tuple[int, int]], others: list[Voice]) -> np.ndarray:
    return samples + _coloured(random, len(samples), 0.5) * 10 ** (-58 / 20)


def _gated(random: Random, samples: np.ndarray, spans: list[tuple[int, int]], others: list[Voice]) -> np.ndarray:
    return samples


def _faint(random: Random, samples: np.ndarray, spans: list[tuple[int, int]], others: list[Voice]) -> np.ndarray:
    return 0.01 * samples + _coloured(random, len(samples), 0.5) * 10 ** (-85 / 20)


def _in_noise(ratio_db: float, slope: float) -> Heard:
    def hear(random: Random, samples: np.ndarray, spans: list[tuple[int, int]], others: list[Voice]) -> np.ndarray:
        return samples + _coloured(random, len(samples), slope) * _level(samples, spans) * 10 ** (-ratio_db / 20)

    return hear


def _in_babble(ratio_db: float, talkers: int) -> Heard:
    def hear(random: Random, samples: np.ndarray, spans: list[tuple[int, int]], others: list[Voice]) -> np.ndarray:
        babble = np.zeros(len(samples))
        for number in range(talkers):
            voice, position = others[number % len(others)], int(random.integers(0, RATE_HZ))
            while position < len(samples):
                word = voice[random.integers(len(voice))]
                word = word[: len(samples) - position] / np.sqrt(np.mean(word**2))
                babble[position : position + len(word)] += word
                position += len(word) + round(random.uniform(0.05, 0.5) * RATE_HZ)
        babble = _convolve(babble, _room_response(random, 0.5))
        babble *= _level(samples, spans) * 10 ** (-ratio_db / 20) / np.sqrt(np.mean(babble**2))
        return samples + babble + _coloured(random, len(samples), 0.5) * 10 ** (-60 / 20)

    return hear


def _in_echo(decay_s: float) -> Heard:
    def hear(random: Random, samples: np.ndarray, spans: list[tuple[int, int]], others: list[Voice]) -> np.ndarray:
        echo = _convolve(samples, _room_response(random, decay_s))
        return echo + _coloured(random, len(samples), 0.5) * 10 ** (-58 / 20)

    return hear


def _with_breaths(random: Random, samples: np.ndarray, spans: list[tuple[int, int]], others: list[Voice]) -> np.ndarray:
    """Put a breath, a click, a knock or a rustle into every pause."""
    heard = _quiet_room(random, samples, spans, others)
    level = _level(samples, spans)
    for (_, end), (start, _) in zip([(0, 0), *spans], [*spans, (len(samples), 0)], strict=True):
        for _ in range(2):
            sound = NUISANCES[int(random.integers(len(NUISANCES)))](random)
            room = start - end - len(sound) - round(0.3 * RATE_HZ)
            if room > 0:
                at = end + round(0.15 * RATE_HZ) + int(random.integers(room))
                heard[at : at + len(sound)] += sound * level * 10 ** (random.uniform(-22, -6) / 20)
    return heard


def _breath(random: Random) -> np.ndarray:
    count = round(random.uniform(0.25, 0.6) * RATE_HZ)
    return _normal(_band(_coloured(random, count, 0.3), 400, 5000) * np.hanning(count) ** 0.7)


def _click(random: Random) -> np.ndarray:
    count = round(random.uniform(0.004, 0.02) * RATE_HZ)
    return 3 * _normal(random.normal(size=count) * np.exp(-np.arange(count) / (0.2 * count)))


def _knock(random: Random) -> np.ndarray:
    times = np.arange(round(0.25 * RATE_HZ)) / RATE_HZ
    return 2 * _normal(np.sin(2 * np.pi * random.uniform(70, 200) * times) * np.exp(-times * random.uniform(20, 50)))


def _rustle(random: Random) -> np.ndarray:
    count = round(random.uniform(0.3, 0.7) * RATE_HZ)
    bursts = np.repeat(random.uniform(0, 1, count // 320 + 1) ** 3, 320)[:count]
    return _normal(_band(random.normal(size=count), 1500, 7500) * bursts)


NUISANCES = [_breath, _breath, _click, _knock, _rustle]
CONDITIONS: dict[str, Heard] = {
    "quiet room": _quiet_room,
    "digital silence": _gated,
    "very faint": _faint,
    "short pauses": _quiet_room,
    "long vowels": _quiet_room,
    "three words in 5 min": _quiet_room,
    "breaths and clicks": _with_breaths,
    "echo 0.4 s": _in_echo(0.4),
    "echo 0.8 s": _in_echo(0.8),
    "white noise 20 dB": _in_noise(20, 0.0),
    "white noise 10 dB": _in_noise(10, 0.0),
    "fan 15 dB": _in_noise(15, 1.0),
    "fan 5 dB": _in_noise(5, 1.0),
    "babble 20 dB": _in_babble(20, 8),
    "babble 10 dB": _in_babble(10, 8),
    "babble 5 dB": _in_babble(5, 8),
}
LAYOUTS: dict[str, Callable[[Random, Voice], Laid]] = {
    "short pauses": _say_quickly,
    "long vowels": _sing,
    "three words in 5 min": _say_sparsely,
}


# sound


def _coloured(random: Random, count: int, slope: float) -> np.ndarray:
    """Return noise of power one whose amplitude falls with frequency to the power ``slope``."""
    spectrum = np.fft.rfft(random.normal(size=count)) / np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 60.0) ** slope
    return _normal(np.fft.irfft(spectrum, count))


def _band(sound: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    spectrum, frequencies = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    return np.fft.irfft(spectrum * ((frequencies > low_hz) & (frequencies < high_hz)), len(sound))


def _room_response(random: Random, decay_s: float) -> np.ndarray:
    """Return a room's response: the direct sound, and a tail that falls by 60 dB in ``decay_s``."""
    times = np.arange(round(decay_s * RATE_HZ)) / RATE_HZ
    tail = random.normal(size=len(times)) * 10 ** (-3 * times / decay_s) * (times > 0.004)
    response = 0.5 * tail / np.sqrt(np.sum(tail**2))  # the tail 6 dB below the direct sound
    response[0] = 1.0
    return response


def _convolve(sound: np.ndarray, response: np.ndarray) -> np.ndarray:
    size = 1 << (len(sound) + len(response)).bit_length()
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)]


def _normal(sound: np.ndarray) -> np.ndarray:
    return sound / max(1e-9, float(np.sqrt(np.mean(sound**2))))


def _level(samples: np.ndarray, spans: list[tuple[int, int]]) -> float:
    return float(np.sqrt(np.mean(np.concatenate([samples[start:end] for start, end in spans]) ** 2)))


# voices


def _real_voices(sounds: Path, part: str) -> Iterator[Voice]:
    for speaker in REAL[part]:
        folder = next(path for path in sorted(sounds.rglob(f"{speaker}*")) if path.is_dir())
        found = [_read_prompt(path) for path in sorted(folder.rglob("*.wav")) if not _is_tone(path)]
        yield [prompt for prompt in found if prompt is not None]


def _is_tone(path: Path) -> bool:
    return any(word in path.stem for word in ("tone", "beep", "silence", "monkey", "music", "ring"))


def _read_prompt(path: Path) -> np.ndarray | None:
    """Return a prompt at 16 kHz, if it is one utterance: 0.25 to 4 s without a pause of 0.25 s in it."""
    import soundfile

    samples, rate_hz = soundfile.read(path)
    if rate_hz != RATE_HZ // 2 or not len(samples):
        return None
    spectrum = np.fft.rfft(samples)
    doubled = np.fft.irfft(np.concatenate([spectrum, np.zeros(len(samples))]), 2 * len(samples))
    prompt = _audible(doubled)
    if not 0.25 <= len(prompt) / RATE_HZ <= 4 or _longest_pause_s(prompt) > 0.25:
        return None
    return prompt


def _longest_pause_s(prompt: np.ndarray) -> float:
    frame = RATE_HZ // 100
    frames = prompt[: len(prompt) // frame * frame].reshape(-1, frame)
    loud = np.flatnonzero(np.abs(frames).max(axis=1) > AUDIBLE * np.abs(prompt).max())
    return float(np.diff(loud).max(initial=0)) / 100


def _audible(samples: np.ndarray, peak: float = 0.4) -> np.ndarray:
    audible = np.flatnonzero(np.abs(samples) > AUDIBLE * np.abs(samples).max())
    cut = samples[audible[0] : audible[-1] + 1]
    return cut * (peak / np.abs(cut).max())


def _synthetic_voices(part: str) -> Iterator[Voice]:
    engine = _engine()
    for voice in SYNTHETIC[part]:
        yield [engine.say(text, voice, speed) for text in PHRASES[part] for speed in (135, 160)]


@cache  # the library takes being started twice badly
def _engine() -> _Engine:
    return _Engine()


class _Engine:
    """espeak-ng through ctypes, one phrase at a time."""

    def __init__(self) -> None:
        import espeakng_loader

        self.library = ctypes.CDLL(espeakng_loader.get_library_path())
        self.rate_hz = self.library.espeak_Initialize(1, 0, espeakng_loader.get_data_path().encode(), 0)
        self.blocks: list[np.ndarray] = []
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self.callback = kind(self._collect)  # kept: the library holds only a pointer to it
        self.library.espeak_SetSynthCallback(self.callback)

    def say(self, text: str, voice: str, speed_wpm: int) -> np.ndarray:
        self.blocks.clear()
        self.library.espeak_SetVoiceByName(voice.encode())
        self.library.espeak_SetParameter(1, speed_wpm, 0)
        self.library.espeak_Synth(text.encode(), len(text.encode()) + 1, 0, 1, 0, 1, None, None)
        self.library.espeak_Synchronize()
        samples = np.concatenate(self.blocks)
        count = round(len(samples) * RATE_HZ / self.rate_hz)
        spectrum = np.fft.rfft(samples)[: count // 2 + 1]
        return _audible(np.fft.irfft(spectrum, count))

    def _collect(self, wave: ctypes.Array[ctypes.c_short], count: int, events: int) -> int:
        if wave and count:
            self.blocks.append(np.ctypeslib.as_array(wave, (count,)).astype(np.float64) / 32768)
        return 0
