"""The task audio.clip on the sample recordings, whose true boundaries boundaries.csv has."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_tasks.audio.clip import clip
from journal_tasks.audio.cutting import fade
from journal_tasks.audio.islands import Span, runs
from journal_tasks.audio.listening import Heard, Source, listen
from journal_tasks.audio.sound import load_libraries, make_sound, read_sound, samples_of, write_sound
from journal_tasks.audio.speech import Segmentation, find_speech, merge_spans, pad_spans, split_long

from journal import Context, Report, TaskError
from journal.api.items import Audio, Image, Text, Total
from journal.api.report_file import read_report, write_report
from journal.api.task import ParameterError

DATA = Path(__file__).parent.parent / "data" / "scottish-phrases"
RECORDINGS = sorted(DATA.glob("*.opus"))


def boundaries(recording: str) -> list[tuple[float, float]]:
    with (DATA / "boundaries.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["recording"] == recording]
    return [(float(row["start_s"]), float(row["end_s"])) for row in rows]


def run_clip(out: Path, recordings: list[Path], **values: Any) -> Report:
    out.mkdir(parents=True, exist_ok=True)
    ctx = Context(out=out, root=recordings[0].parent, jobs=2)
    report = clip(**clip.validate({"recordings": recordings, **values}), ctx=ctx)
    write_report(report, out)
    return report


def metadata(out: Path) -> list[dict[str, str]]:
    with (out / "clips" / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def notes(report: Report) -> list[str]:
    return [item.text for item in report.items if isinstance(item, Text)]


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    load_libraries()


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    out = tmp_path_factory.mktemp("clips")
    report = run_clip(out, RECORDINGS, dataset="glaswegian", transcripts=[DATA / "phrases.csv"])
    return out, report


@pytest.fixture(scope="module")
def greetings() -> Any:
    return read_sound(DATA / "greetings.opus", "greetings.opus")


def heard(path: Path, out: Path, **values: Any) -> Heard:
    """Return what is found in a recording, without margins."""
    segmentation = Segmentation(**{"margin": 0, **values})
    return listen(Source(path, path.name, "recording"), segmentation, Context(out=out), 1, lambda part: None)


@pytest.fixture
def save(tmp_path: Path) -> Any:
    """Write samples as a recording, through ffmpeg where the suffix needs it."""

    def write(name: str, samples: np.ndarray, rate_hz: int) -> Path:
        import imageio_ffmpeg
        import soundfile

        path, wav = tmp_path / name, tmp_path / "made.wav"
        soundfile.write(wav, samples, rate_hz, subtype="PCM_16")
        if path.suffix == ".wav":
            return wav.rename(path)
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(wav), str(path)], check=True)
        wav.unlink()
        return path

    return write


def test_there_is_one_clip_for_each_utterance(day: tuple[Path, Report]) -> None:
    out, report = day
    assert report.headline_text == "36 clips, 0.81 min"
    assert sorted(path.name for path in (out / "clips").glob("*.flac"))[:2] == [
        "greetings-01.flac",
        "greetings-02.flac",
    ]
    found = [(recording.stem, len(boundaries(recording.stem))) for recording in RECORDINGS]
    rows = next(item for item in report.items if item.kind == "table").rows
    assert [(row[0], row[1]) for row in rows] == found


def test_each_clip_holds_its_utterance_whole_and_little_else(day: tuple[Path, Report]) -> None:
    out, _ = day
    truth = [times for recording in RECORDINGS for times in boundaries(recording.stem)]
    for row, (start_s, end_s) in zip(metadata(out), truth, strict=True):
        assert start_s - float(row["start_s"]) == pytest.approx(0.1, abs=0.03)  # the margin, and three frames
        assert float(row["end_s"]) - end_s == pytest.approx(0.1, abs=0.03)


def test_clips_begin_and_end_in_the_quiet(day: tuple[Path, Report]) -> None:
    out, _ = day
    for path in (out / "clips").glob("*.flac"):
        sound = read_sound(path, path.name)
        samples = samples_of(sound) / 32768
        edge = sound.frame_rate // 25
        for part in (samples[:edge], samples[-edge:]):
            assert np.sqrt(np.mean(part**2)) < 0.01 * np.abs(samples).max()


def test_the_total_is_the_sum_of_the_clips_lengths(day: tuple[Path, Report]) -> None:
    out, report = day
    lengths_s = [read_sound(path, "").duration_seconds for path in sorted((out / "clips").glob("*.flac"))]
    assert [float(row["seconds"]) for row in metadata(out)] == pytest.approx(lengths_s, abs=0.0005)
    assert report.totals == [Total("glaswegian", pytest.approx(sum(lengths_s), abs=0.001), "s")]


def test_metadata_is_laid_out_as_an_audio_folder_with_what_is_said(day: tuple[Path, Report]) -> None:
    out, _ = day
    rows = metadata(out)
    assert list(rows[0])[:3] == ["file_name", "transcription", "english"]
    assert (rows[3]["file_name"], rows[3]["transcription"]) == ("greetings-04.flac", "How's it gaun?")
    assert all((out / "clips" / row["file_name"]).is_file() for row in rows)


def test_the_reader_sees_a_waveform_and_hears_each_phrase_once(day: tuple[Path, Report]) -> None:
    out, report = day
    captions = [item.caption for item in report.items if isinstance(item, Audio)]
    assert len(captions) == 12
    assert captions[:2] == ["greetings-01: Whit ye daein the day?", "greetings-04: How's it gaun?"]
    assert "greetings with 9 clips" in next(item.alt for item in report.items if isinstance(item, Image))
    assert (out / "waveform.svg").stat().st_size < 150_000


def test_later_steps_get_the_metadata_the_clips_and_their_folder(day: tuple[Path, Report]) -> None:
    out, _ = day
    outputs = read_report(out).outputs
    assert outputs["metadata"] == out / "clips" / "metadata.csv"
    assert outputs["folder"] == out / "clips"
    assert len(outputs["clips"]) == 36


@pytest.mark.parametrize("format", ["flac", "wav", "ogg"])
def test_the_same_recording_gives_the_same_bytes(tmp_path: Path, format: str) -> None:
    for name in ("one", "two"):
        run_clip(tmp_path / name, [DATA / "greetings.opus"], format=format)
    one, two = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("one", "two")
    )
    assert len(one) == 13
    assert one == two


@pytest.mark.parametrize("name", ["a.mp3", "a.m4a", "a.mp4", "a.webm", "a.ogg", "a.flac", "a.wav"])
def test_recordings_of_any_kind_are_cut_alike(save: Any, greetings: Any, tmp_path: Path, name: str) -> None:
    path = save(name, samples_of(greetings), 24000)
    found = heard(path, tmp_path)
    assert [start_s for start_s, _ in found.spans_s] == pytest.approx(
        [start_s for start_s, _ in boundaries("greetings")], abs=0.03
    )
    assert found.length_s == pytest.approx(greetings.duration_seconds, abs=0.001)
    assert found.findings == []


def test_stereo_becomes_mono_and_rate_is_as_asked(save: Any, greetings: Any, tmp_path: Path) -> None:
    samples = samples_of(greetings)
    path = save("both.wav", np.stack([samples, samples], axis=1), 24000)
    assert np.array_equal(samples_of(read_sound(path, "both.wav")), samples)
    run_clip(tmp_path / "out", [path], rate=16000)
    first = read_sound(tmp_path / "out" / "clips" / "both-01.flac", "")
    assert (first.frame_rate, first.channels, first.sample_width) == (16000, 1, 2)
    assert first.duration_seconds == pytest.approx(float(metadata(tmp_path / "out")[0]["seconds"]), abs=0.0005)


@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000])
def test_any_rate_is_cut_alike(rate_hz: int, tmp_path: Path) -> None:
    sound = read_sound(DATA / "warnings.opus", "warnings.opus", rate_hz)
    write_sound(sound, tmp_path / "warnings.wav")
    found = heard(tmp_path / "warnings.wav", tmp_path)
    assert np.array(found.spans_s) == pytest.approx(np.array(boundaries("warnings")), abs=0.03)


@pytest.mark.parametrize(("noise_db", "allowed_s"), [(-30.0, 0.1), (-15.0, 0.2)])
def test_noise_hides_no_utterance(save: Any, greetings: Any, tmp_path: Path, noise_db: float, allowed_s: float) -> None:
    samples = samples_of(greetings) / 32768
    speech = np.sqrt(np.mean(samples[np.abs(samples) > 0.02] ** 2))
    noise = np.random.default_rng(0).normal(size=len(samples)) * speech * 10 ** (noise_db / 20)
    path = save("noisy.wav", (np.clip(samples + noise, -1, 1) * 32767).astype(np.int16), 24000)
    assert np.array(heard(path, tmp_path).spans_s) == pytest.approx(np.array(boundaries("greetings")), abs=allowed_s)


def test_pauses_of_digital_silence_and_very_quiet_speech_are_cut_alike(
    save: Any, greetings: Any, tmp_path: Path
) -> None:
    samples = samples_of(greetings)
    gated = np.zeros_like(samples)
    for start_s, end_s in boundaries("greetings"):
        stretch = slice(round(start_s * 24000), round(end_s * 24000))
        gated[stretch] = samples[stretch]
    for name, sound in (("gated.wav", gated), ("quiet.wav", (samples / 100).astype(np.int16))):
        assert len(heard(save(name, sound, 24000), tmp_path).spans_s) == 9


def test_noise_and_tones_are_not_speech() -> None:
    random = np.random.default_rng(0)
    beeps = np.sin(np.arange(160_000) * 0.17) * (np.arange(160_000) % 16000 < 8000)
    chord = sum(np.sin(np.arange(160_000) * 2 * np.pi * hz / 16000) for hz in (220, 440, 660, 880))
    for samples in (random.normal(size=160_000) * 3000, beeps * 9000, chord * 3000, np.zeros(160_000), np.zeros(1)):
        assert find_speech([samples.astype(np.int16)], Segmentation()).utterances == []


def test_speech_without_an_end_is_split_at_its_quietest_points(save: Any, greetings: Any, tmp_path: Path) -> None:
    words = [samples_of(greetings)[round(a * 24000) : round(b * 24000)] for a, b in boundaries("greetings")]
    report = run_clip(tmp_path / "out", [save("endless.wav", np.concatenate(words * 4), 24000)], longest=10)
    rows = metadata(tmp_path / "out")
    assert len(rows) >= 4
    assert all(float(row["seconds"]) <= 10.2 for row in rows)  # and the margins
    assert report.metrics[0].value == len(rows)


def test_a_longer_pause_joins_utterances_and_keeps_the_texts_that_fit(tmp_path: Path) -> None:
    report = run_clip(tmp_path / "out", [DATA / "greetings.opus"], pause=1.2, transcripts=[DATA / "phrases.csv"])
    count = report.metrics[0].value
    assert count == 1 + sum(after - before >= 1.2 for (_, before), (after, _) in pairwise(boundaries("greetings")))
    assert notes(report)[-1].startswith(f"**Note:** greetings: {count} clips but 9 expressions in the transcripts; ")


def test_the_pause_can_be_taken_from_the_recordings_own_gaps(save: Any, greetings: Any, tmp_path: Path) -> None:
    words = [samples_of(greetings)[round(a * 24000) : round(b * 24000)] for a, b in boundaries("greetings")]
    quiet = (np.random.default_rng(0).normal(size=round(0.3 * 24000)) * 20).astype(np.int16)  # shorter than `pause`
    path = save("quick.wav", np.concatenate([part for word in words for part in (word, quiet)]), 24000)
    report = run_clip(tmp_path / "usual", [path])
    assert report.metrics[0].value == 1
    assert "`pause: auto` cuts from" in notes(report)[0]
    report = run_clip(tmp_path / "auto", [path], pause="auto")
    assert report.metrics[0].value == 9
    assert "by this recording's own gaps" in notes(report)[0]


def test_what_was_loud_and_left_out_is_listed_with_its_reason(save: Any, greetings: Any, tmp_path: Path) -> None:
    samples = samples_of(greetings).copy()
    samples[24000 : 24000 + 200] = 20000  # a click in the quiet of the beginning
    breath = np.random.default_rng(0).normal(size=9600) * np.hanning(9600) * 4000
    samples[7 * 24000 : 7 * 24000 + 9600] += breath.astype(np.int16)  # between two phrases
    report = run_clip(tmp_path / "out", [save("breathy.wav", samples, 24000)])
    assert report.metrics[0].value == 9
    rows = [item for item in report.items if item.kind == "table"][-1].rows
    assert [row[1] for row in rows] == pytest.approx([1.0, 7.0], abs=0.1)
    assert rows[1][3] == "no voice in it"


def test_normalize_brings_clips_to_one_level(save: Any, greetings: Any, tmp_path: Path) -> None:
    path = save("soft.wav", (samples_of(greetings) / 40).astype(np.int16), 24000)
    assert "very quiet" in notes(run_clip(tmp_path / "none", [path]))[0]
    run_clip(tmp_path / "peak", [path], normalize="peak")
    for clip_path in (tmp_path / "peak" / "clips").glob("*.flac"):
        assert read_sound(clip_path, "").max_dBFS == pytest.approx(-1, abs=0.1)


def test_a_clipped_recording_is_said_to_be(save: Any, greetings: Any, tmp_path: Path) -> None:
    loud = np.clip(samples_of(greetings).astype(np.int32) * 8, -32768, 32767).astype(np.int16)
    report = run_clip(tmp_path / "out", [save("loud.wav", loud, 24000)])
    assert notes(report)[0].startswith("**Note:** loud-01, loud-02, loud-03, loud-04, loud-05 and 4 more: too loud")


def test_broken_and_silent_recordings_are_told_and_the_others_are_cut(save: Any, tmp_path: Path) -> None:
    shutil.copy(DATA / "greetings.opus", tmp_path / "good.opus")
    (tmp_path / "text.m4a").write_text("no sound at all")
    (tmp_path / "empty.wav").touch()
    save("hush.wav", np.zeros(16000, np.int16), 16000)
    paths = [tmp_path / name for name in ("empty.wav", "good.opus", "gone.mp3", "hush.wav", "text.m4a")]
    report = run_clip(tmp_path / "out", paths)
    assert report.headline_text.startswith("9 clips")
    told = [note.removeprefix("**Note:** ").split(":")[0] for note in notes(report)]
    assert told == ["empty.wav", "gone.mp3", "hush.wav", "text.m4a"]
    assert not any(str(tmp_path) in note for note in notes(report))


def test_if_all_are_unreadable_they_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "text.m4a").write_text("no sound at all")
    (tmp_path / "empty.wav").touch()
    with pytest.raises(TaskError) as caught:
        run_clip(tmp_path / "out", [tmp_path / name for name in ("empty.wav", "gone.mp3", "text.m4a")])
    message = str(caught.value)
    assert "\n" not in message
    assert str(tmp_path) not in message
    assert [part.split(":")[0] for part in message.split(" | ")] == ["empty.wav", "gone.mp3", "text.m4a"]


def test_silence_is_an_error_that_names_the_recording(save: Any, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"^hush\.wav: no speech found"):
        run_clip(tmp_path / "out", [save("hush.wav", np.zeros(16000, np.int16), 16000)])


def test_a_recording_without_samples_is_an_error(save: Any, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"^none\.wav: the recording is empty"):
        run_clip(tmp_path / "out", [save("none.wav", np.zeros(0, np.int16), 16000)])


def test_two_recordings_of_one_name_are_an_error(tmp_path: Path) -> None:
    for name in ("a b.opus", "a-b.opus"):
        shutil.copy(DATA / "greetings.opus", tmp_path / name)
    with pytest.raises(TaskError, match=r"^a b\.opus and a-b\.opus would both give clips named a-b-01"):
        run_clip(tmp_path / "out", sorted(tmp_path.glob("*.opus")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,text\n", "said.csv:1: there is no column 'recording'"),
        ("recording,text,repeats\na,Aye,often\n", "said.csv:2: repeats is 'often'"),
        ("recording,text\na,Aye, right\n", "said.csv:2: there are too many commas"),
        ("recording,text\na,\xe9\n", "said.csv: this is no CSV file in UTF-8"),
    ],
)
def test_wrong_transcripts_are_named_by_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "said.csv").write_bytes(text.encode("latin-1"))
    recording = Path(shutil.copy(DATA / "greetings.opus", tmp_path))
    with pytest.raises(TaskError) as caught:
        run_clip(tmp_path / "out", [recording], transcripts=[tmp_path / "said.csv"])
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("values", [{"pause": 0}, {"format": "mp3"}, {"rate": 100}, {"paus": 1}, {"players": -1}])
def test_parameters_out_of_bounds_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(values))):
        clip.validate({"recordings": RECORDINGS, **values})


def test_progress_ends_with_all_recordings_done(tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []
    lock = threading.Lock()

    def progress(done: float, total: float, what: str = "") -> None:
        with lock:
            seen.append((done, total))

    ctx = replace(Context(out=tmp_path, root=DATA, jobs=2), progress=progress)
    clip(recordings=RECORDINGS[:2], ctx=ctx)
    assert max(seen) == (2, 2)


def test_no_path_of_this_machine_is_in_the_report(day: tuple[Path, Report]) -> None:
    out, _ = day
    text = (out / "report.json").read_text(encoding="utf-8") + (out / "waveform.svg").read_text(encoding="utf-8")
    assert str(out) not in text
    assert str(DATA) not in text
    assert json.loads((out / "report.json").read_text(encoding="utf-8"))["outputs"]["folder"] == {"path": "clips"}


spans = st.lists(st.integers(1, 60), min_size=0, max_size=40).map(
    lambda steps: [Span(*map(int, pair)) for pair in np.cumsum(steps)[: len(steps) // 2 * 2].reshape(-1, 2)]
)


@given(spans, st.integers(1, 50), st.integers(1, 50))
def test_merged_spans_are_parted_by_pauses_and_cover_the_speech(found: list[Span], pause: int, shortest: int) -> None:
    merged = merge_spans(found, pause, shortest)
    assert all(after.start - before.end >= pause for before, after in pairwise(merged))
    assert all(span.end - span.start >= shortest for span in merged)
    starts, ends = {span.start for span in found}, {span.end for span in found}
    assert all(span.start in starts and span.end in ends for span in merged)
    assert merge_spans(merged, pause, shortest) == merged
    if shortest == 1:
        assert all(any(whole.start <= span.start and span.end <= whole.end for whole in merged) for span in found)


@given(spans, st.integers(0, 80), st.integers(0, 50))
def test_padded_spans_keep_their_speech_and_never_overlap(found: list[Span], margin: int, tail: int) -> None:
    length = (found[-1].end if found else 0) + tail
    padded = pad_spans(found, margin, length)
    assert len(padded) == len(found)
    for wide, span in zip(padded, found, strict=True):
        assert 0 <= wide.start <= span.start < span.end <= wide.end <= length
        assert max(span.start - wide.start, wide.end - span.end) <= margin
    assert all(before.end <= after.start for before, after in pairwise(padded))


@given(st.lists(st.booleans(), max_size=60))
def test_runs_are_the_true_values(values: list[bool]) -> None:
    covered = [number for span in runs(np.array(values, bool)) for number in range(span.start, span.end)]
    assert covered == [number for number, value in enumerate(values) if value]


@given(st.lists(st.integers(-32768, 32767), max_size=50), st.integers(0, 60))
def test_a_fade_changes_only_the_ends_and_makes_nothing_louder(values: list[int], count: int) -> None:
    samples = np.array(values, np.int16)
    faded = fade(samples, count)
    reach = min(count, len(values) // 2)
    assert np.array_equal(faded[reach : len(values) - reach], samples[reach : len(values) - reach])
    assert np.all(np.abs(faded.astype(int)) <= np.abs(samples.astype(int)))


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=2000), st.sampled_from([8000, 24000, 44100]))
def test_flac_and_wav_keep_every_sample(tmp_path_factory: Any, values: list[int], rate_hz: int) -> None:
    for name in ("a.flac", "a.wav"):
        path = tmp_path_factory.getbasetemp() / name
        write_sound(make_sound(np.array(values, "<i2").tobytes(), rate_hz), path)
        again = read_sound(path, name)
        assert again.frame_rate == rate_hz
        assert samples_of(again).tolist() == values


@given(st.integers(1, 5000), st.integers(0, 2**32 - 1))
def test_any_length_can_be_looked_through(count: int, seed: int) -> None:
    samples = (np.random.default_rng(seed).normal(size=count) * 3000).astype(np.int16)
    found = find_speech([samples], Segmentation())
    assert all(0 <= span.start < span.end <= found.length for span in found.utterances)


@given(spans, st.integers(10, 60), st.integers(0, 2**32 - 1))
def test_what_is_split_is_short_enough_and_whole(found: list[Span], longest: int, seed: int) -> None:
    levels = np.random.default_rng(seed).integers(0, 255, found[-1].end if found else 0).astype(np.uint8).tobytes()
    parts = split_long(found, levels, longest)
    assert all(part.end - part.start <= longest for part in parts)
    assert [frame for part in parts for frame in range(*part)] == [frame for span in found for frame in range(*span)]
