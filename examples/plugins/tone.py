"""A sound: a file in ctx.out, with a player."""

import math
import wave
from typing import Annotated

from journal import Context, Field, Report, task

RATE_HZ = 16_000


@task("tone.make")
def make(ctx: Context, pitch_hz: Annotated[float, Field(gt=20, lt=8000)] = 440.0, seconds: float = 0.5) -> Report:
    """Make a tone of one pitch."""
    steps = range(round(seconds * RATE_HZ))
    loudness = [0.3 * math.sin(2 * math.pi * pitch_hz * step / RATE_HZ) for step in steps]
    with wave.open(str(ctx.out / "tone.wav"), "wb") as sound:
        sound.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        sound.writeframes(b"".join(round(32767 * one).to_bytes(2, "little", signed=True) for one in loudness))
    report = Report().metric("length", seconds, "s", digits=1)
    return report.audio(ctx.out / "tone.wav", caption=f"{pitch_hz:g} Hz")
