"""An output: what one step makes and another takes, as ``${list.words}`` says in the entry."""

from collections import Counter

from journal import Context, File, Report, TaskError, task


@task("words.list")
def list_words(ctx: Context, source: File) -> Report:
    """List the words of a text, one on a line."""
    words = source.read_text(encoding="utf-8").lower().split()
    path = ctx.out / "words.txt"
    path.write_text("\n".join(word.strip(".,;:!?") for word in words), encoding="utf-8")
    return Report().metric("words", len(words)).output("words", path)


@task("words.common")
def common(words: File, most: int = 3) -> Report:
    """Show the commonest of the words that another step listed."""
    counted = Counter(words.read_text(encoding="utf-8").split())
    if not counted:
        raise TaskError(f"{words.name} has no words; give another text")
    rows = [
        {"word": word, "times": times} for word, times in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    ]
    return Report().metric("different words", len(rows)).table(rows[:most], name="commonest")
