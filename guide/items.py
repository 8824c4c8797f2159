"""A task for each thing that a report can show: the guide shows their code, and what the program makes of it."""

import math
import wave

from PIL import Image

from journal import Composite, Context, Number, Report, new_figure, task


@task("show.metric")
def metric() -> Report:
    """A named number; the first one is the headline on the terminal."""
    return Report().metric("clips", 36).metric("length", 47.92, "s", digits=1)


@task("show.table")
def table() -> Report:
    """A table, of mappings or of rows and columns; its cells have names for sentences."""
    rows = [{"variable": "Sleep", "F1": 0.65, "F2": -0.12}, {"variable": "Mood", "F1": 0.56, "F2": 0.41}]
    return Report().table(rows, title="Loadings", digits=2, strong=0.4, name="loadings")


@task("show.composite")
def composite() -> Report:
    """Words with numbers in them, which stay numbers for checks and values."""
    interval = Composite("{low} to {high}", {"low": Number(0.61, digits=2), "high": Number(0.74, digits=2)})
    return Report().table([{"rate": "right things", "95 % interval": interval}])


@task("show.figure")
def figure() -> Report:
    """A drawing by matplotlib, in the page's colours, light or dark."""
    drawing, axes = new_figure(height=2.2)
    axes.plot(range(9), [8 / 2**step for step in range(9)], marker="o")
    axes.set(xlabel="step", ylabel="loss")
    return Report().figure("loss", drawing, alt="The loss halves with each of eight steps", caption="Loss")


@task("show.image")
def image(ctx: Context) -> Report:
    """A picture file in ``ctx.out``."""
    Image.linear_gradient("L").resize((160, 90)).save(ctx.out / "grey.png")
    return Report().image(ctx.out / "grey.png", alt="From black to white", caption="Grey")


@task("show.gallery")
def gallery(ctx: Context) -> Report:
    """Pictures in a grid."""
    for name in ("crimson", "gold", "teal", "navy"):
        Image.new("RGB", (90, 60), name).save(ctx.out / f"{name}.png")
    pictures = [(ctx.out / f"{name}.png", name) for name in ("crimson", "gold", "teal", "navy")]
    return Report().gallery(pictures, columns=4, title="Four colours")


@task("show.audio")
def audio(ctx: Context) -> Report:
    """A sound file, with a player."""
    samples = [round(9000 * math.sin(step / 6)).to_bytes(2, "little", signed=True) for step in range(8000)]
    with wave.open(str(ctx.out / "tone.wav"), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(b"".join(samples))
    return Report().audio(ctx.out / "tone.wav", caption="A tone")


@task("show.text")
def text() -> Report:
    """Markdown of the task's own; use ``escape`` for whatever it was given."""
    return Report().text("Two factors account for **most** of the variance.")


@task("show.quote")
def quote() -> Report:
    """Text from a model or another stranger: shown as text, never run as HTML."""
    return Report().quote("I am <b>fine</b>, thank you.", title="How are you today?")


@task("show.file")
def file(ctx: Context) -> Report:
    """A file to download."""
    (ctx.out / "scores.csv").write_text("row,F1\n1,0.3\n")
    return Report().file(ctx.out / "scores.csv", title="Scores of the rows")


@task("show.total")
def total() -> Report:
    """An amount that counts in a ledger, over all days."""
    return Report().total("glaswegian", 48.5, "s")


@task("show.trial")
def trial(ctx: Context) -> Report:
    """A try at a prompt; not shown in a block, but listed by ``journal history``."""
    Image.new("RGB", (90, 60), "gold").save(ctx.out / "horse.png")
    report = Report().trial("a horse", ctx.out / "horse.png", model="emoji-scenes", seed=0, right=False, seen="a fox")
    return report.image(ctx.out / "horse.png", alt="a horse, as drawn")


@task("show.part")
def part() -> Report:
    """Parts, which entries show, hide and fold by their names."""
    report = Report().headline("2 factors").part("loadings").text("What one wants to see.")
    return report.part("details", "How it was done", folded=True).text("By principal components.")


@task("show.output")
def output(ctx: Context) -> Report:
    """A value, file or folder for later steps: ``${output.words}``; numbers and texts also for sentences."""
    return Report().metric("words", 3).output("words", 3)
