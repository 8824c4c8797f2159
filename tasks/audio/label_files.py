"""Labels as other programs write them: Audacity's tracks, Praat's TextGrid, SRT and WebVTT subtitles, and CSV."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from journal import UsageError

_TIME = r"((?:\d+:)?\d+:\d\d(?:[.,]\d+)?|\d+[.,]\d+)"
_CUE = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?!\S)")
_STYLE = re.compile(r"<[^>]*>|\{\\[^}]*\}")
"""What subtitles say of their look, such as ``<i>`` or ``{\\an8}``."""
_WORD_TIME = re.compile(r"<\d\d:\d\d:\d\d\.\d{3}>")
"""What captions made by a machine have between words; such captions roll, each cue repeating the line before."""
_ASIDE = re.compile(r'("(?:[^"]|"")*")|\[\d*\]|!.*')
"""What a TextGrid says beside its values: indices and comments, but not in quotes."""
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(-?\d+(?:\.\d+)?(?:[eE]-?\d+)?)')
_DELIMITERS = ",;\t"


class Label(NamedTuple):
    """A stretch of a recording in seconds, and what is said there."""

    start_s: float
    end_s: float
    text: str
    recording: str = ""


def read_labels(path: Path, shown: str = "") -> list[Label]:
    """Read labels as the file's suffix says; ``shown`` is how messages name the file.

    Raises UsageError, with the line, where that is not possible.
    """
    shown = shown or str(path)
    text = read_text(path, shown)
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{shown}: labels are .txt (Audacity), .TextGrid, .srt, .vtt or .csv; rename the file")
    try:
        labels = list(read(text))
    except _LineError as error:
        raise UsageError(f"{shown}:{error.line}: {error}") from None
    for label in labels:
        if not 0 <= label.start_s < label.end_s:
            raise UsageError(f"{shown}: a label from {label.start_s:g} to {label.end_s:g} s is no stretch of time")
    return labels


def read_text(path: Path, shown: str) -> str:
    """Return a file's text. Raises UsageError where it isn't in UTF-8 or UTF-16."""
    try:
        return _decode(path.read_bytes())
    except (FileNotFoundError, IsADirectoryError):
        raise UsageError(f"{shown}: there is no such file") from None
    except UnicodeDecodeError:
        raise UsageError(f"{shown}: this is no text in UTF-8 or UTF-16; save it as one") from None


def dump_labels(labels: Sequence[Label], suffix: str, length_s: float) -> str:
    """Return labels as text in the format of a suffix. Raises UsageError where that is none of these."""
    dump = _DUMPERS.get(suffix.lower())
    if dump is None:
        raise UsageError(f"'{suffix}' is no format of labels; write .txt (Audacity), .TextGrid, .srt, .vtt or .csv")
    return dump(labels, length_s)


def read_seconds(text: str) -> float:
    """Read seconds, minutes and seconds, or hours too, with a point or a comma. Raises ValueError."""
    seconds = 0.0
    for part in text.strip().replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return round(seconds, 6)


class _LineError(ValueError):
    """What is wrong in a line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _decode(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(encoding).replace("\r\n", "\n")


def _read_audacity(text: str) -> Iterator[Label]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("\\"):  # frequencies of the label before
            continue
        start, _, rest = line.partition("\t")
        end, _, words = rest.partition("\t")
        try:
            label = Label(read_seconds(start), read_seconds(end), words.strip())
        except ValueError:
            raise _LineError(number, "this is no label; a line is START, tab, END, tab, TEXT") from None
        if label.end_s > label.start_s:  # a point in time is no clip
            yield label


def _read_subtitles(text: str) -> Iterator[Label]:
    lines = [*text.split("\n"), ""]
    ends_at_blanks = not text.startswith("WEBVTT")  # there, a line of blanks is one of the cue's
    rolls, before = bool(_WORD_TIME.search(text)), ""
    number = 0
    while number < len(lines):
        cue = _CUE.match(lines[number])
        number += 1
        if not cue:
            if "-->" in lines[number - 1]:
                raise _LineError(number, "these are no times; write them as 00:00:01,200 --> 00:00:02,500")
            continue
        said = []
        while lines[number].strip() if ends_at_blanks else lines[number]:
            said.append(html.unescape(_STYLE.sub("", lines[number])).strip())
            number += 1
        if rolls:
            said = [line for line in said if line and line != before]
            before = said[-1] if said else before
        if said or not rolls:
            yield Label(read_seconds(cue[1]), read_seconds(cue[2]), " ".join(said))


def _read_textgrid(text: str) -> Iterator[Label]:
    """Yield the intervals of the first tier that has any text, in Praat's long or short layout."""
    if "TextGrid" not in text[:200]:
        raise _LineError(1, 'this is no TextGrid; it begins with Object class = "TextGrid"')
    values = _TOKEN.findall(_ASIDE.sub(lambda found: found[1] or "", text))
    tokens = iter([quoted.replace('""', '"') if not number else float(number) for quoted, number in values])
    try:
        _, _, _, _, tiers = (next(tokens) for _ in range(5))
        for _ in range(int(tiers)):
            labels = list(_read_tier(tokens))
            if labels:
                yield from labels
                return
    except (StopIteration, ValueError, TypeError, RuntimeError):
        raise _LineError(1, "this TextGrid is damaged; write it again from Praat") from None


def _read_tier(tokens: Iterator[str | float]) -> Iterator[Label]:
    kind, _, _, _, count = [next(tokens) for _ in range(5)]
    for _ in range(int(count)):
        if kind == "IntervalTier":
            start_s, end_s, words = [next(tokens) for _ in range(3)]
            if str(words).strip():
                yield Label(float(start_s), float(end_s), str(words).strip())
        else:
            next(tokens), next(tokens)


def _read_csv(text: str) -> Iterator[Label]:
    delimiter = max(_DELIMITERS, key=text.split("\n", 1)[0].count)
    reader = csv.DictReader(io.StringIO(text), restval="", delimiter=delimiter)
    names = [name.strip().casefold() for name in reader.fieldnames or []]
    reader.fieldnames = names
    for needed in ("start", "end"):
        if needed not in names:
            raise _LineError(1, f"there is no column '{needed}'; the first line is 'recording,start,end,text'")
    for row in reader:
        try:
            times = read_seconds(row["start"]), read_seconds(row["end"])
        except ValueError:
            raise _LineError(reader.line_num, "start and end are no times; give seconds, such as 12.345") from None
        yield Label(*times, row.get("text", "").strip(), row.get("recording", "").strip())


def _dump_audacity(labels: Sequence[Label], length_s: float) -> str:
    return "".join(f"{label.start_s:.6f}\t{label.end_s:.6f}\t{_line(label.text)}\n" for label in labels)


def _dump_srt(labels: Sequence[Label], length_s: float) -> str:
    cues = [
        f"{number}\n{_clock(label.start_s, ',')} --> {_clock(label.end_s, ',')}\n{_line(label.text) or '-'}\n"
        for number, label in enumerate(labels, 1)
    ]
    return "\n".join(cues)


def _dump_vtt(labels: Sequence[Label], length_s: float) -> str:
    cues = [
        f"{_clock(label.start_s, '.')} --> {_clock(label.end_s, '.')}\n{_line(label.text) or '-'}\n" for label in labels
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _dump_textgrid(labels: Sequence[Label], length_s: float) -> str:
    """Return one tier of intervals, with empty ones between the labels, as Praat wants it."""
    end_s = max([length_s, *(label.end_s for label in labels)])
    parts: list[Label] = []
    for label in [*labels, Label(end_s, end_s, "")]:
        last_s = parts[-1].end_s if parts else 0.0
        if label.start_s > last_s:
            parts.append(Label(last_s, label.start_s, ""))
        if label.end_s > max(label.start_s, last_s):
            parts.append(label._replace(start_s=max(label.start_s, last_s)))
    head = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = {end_s:.6f}\ntiers? <exists>\n'
    tier = 'size = 1\nitem []:\n    item [1]:\n        class = "IntervalTier"\n        name = "clips"\n'
    tier += f"        xmin = 0\n        xmax = {end_s:.6f}\n        intervals: size = {len(parts)}\n"
    for number, part in enumerate(parts, 1):
        words = _line(part.text).replace('"', '""') or ("-" if part in labels else "")
        tier += f"        intervals [{number}]:\n            xmin = {part.start_s:.6f}\n"
        tier += f'            xmax = {part.end_s:.6f}\n            text = "{words}"\n'
    return head + tier


def _dump_csv(labels: Sequence[Label], length_s: float) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["recording", "start", "end", "text"])
    writer.writerows([label.recording, f"{label.start_s:.3f}", f"{label.end_s:.3f}", label.text] for label in labels)
    return text.getvalue()


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(1000 * seconds)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def _line(text: str) -> str:
    return " ".join(text.split())


_READERS: dict[str, Callable[[str], Iterator[Label]]] = {
    ".txt": _read_audacity,
    ".textgrid": _read_textgrid,
    ".srt": _read_subtitles,
    ".vtt": _read_subtitles,
    ".csv": _read_csv,
    ".tsv": _read_csv,
}
_DUMPERS: dict[str, Callable[[Sequence[Label], float], str]] = {
    ".txt": _dump_audacity,
    ".textgrid": _dump_textgrid,
    ".srt": _dump_srt,
    ".vtt": _dump_vtt,
    ".csv": _dump_csv,
}
