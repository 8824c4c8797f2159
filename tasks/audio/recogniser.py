"""What is said in a clip, as a Whisper model hears it (Radford et al., 2022), run by faster-whisper."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from journal import Model, TaskError

_NO_SPEECH, _LEAST_SURE = 0.6, -1.0
"""Whisper's own bounds for taking a piece for silence: its probability, and the mean log probability of the words."""


class Recogniser:
    """Hears one clip after another, whoever asks; the same clip gives the same words."""

    def __init__(self, model: Model, threads: int) -> None:
        """Load a model's folder; raises ``TaskError`` where it is none that faster-whisper reads."""
        if model.path is None or not (model.path / "model.bin").is_file():
            raise TaskError(
                f"model '{model.source}' is no recogniser: a folder of a Whisper model in CTranslate2's format, "
                "with model.bin, is needed"
            )
        self._network = _load(model.path, model.source, threads)
        self._lock = Lock()

    def hear(self, clip: Path) -> str:
        """Return the words of a clip, empty where the model takes it for no speech."""
        with self._lock:
            pieces, _ = self._network.transcribe(
                str(clip), beam_size=5, temperature=0.0, condition_on_previous_text=False, without_timestamps=True
            )
            heard = [
                piece.text.strip()
                for piece in pieces
                if piece.no_speech_prob < _NO_SPEECH or piece.avg_logprob > _LEAST_SURE
            ]
        return " ".join(text for text in heard if text)


def unlike(heard: str, text: str) -> float:
    """Return how unlike what was heard is to a text, from 0 (the same letters) to 1."""
    one, other = ("".join(letter for letter in words.casefold() if letter.isalnum()) for words in (heard, text))
    return 1 - SequenceMatcher(None, one, other, autojunk=False).ratio()


@lru_cache(maxsize=1)
def _load(folder: Path, name: str, threads: int) -> Any:
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(
            str(folder), device="cpu", compute_type="float32", cpu_threads=threads, local_files_only=True
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise TaskError(f"model '{name}' can't be loaded: {str(error).splitlines()[0]}") from error
