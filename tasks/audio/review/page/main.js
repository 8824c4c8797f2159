// The review of a step's clips: what is chosen and edited, by hand and by key, saved, and run again.

import { ask, askTrack } from "./api.js";
import { makeEdits } from "./edits.js";
import { History } from "./history.js";
import { bindKeys } from "./keys.js";
import { List } from "./list.js";
import { Repeats } from "./repeats.js";
import { confirm, fromServer, isReviewed, overlap } from "./rows.js";
import { makeSaving } from "./saving.js";
import { Wave } from "./wave.js";

const find = (name) => document.querySelector(name);
const FILTERS = { all: "All", open: "To review", dropped: "Dropped" };

const page = { version: "", recordings: [], recording: "", chosen: null, filter: "all", isLooping: false, track: null, headline: "", totals: [] };
const history = new History(() => show());
const wave = new Wave({
  select: (row) => row && choose(row),
  play: (row) => row && play(row),
  move: (row, start, end) => change(row, { start, end }, "moving an end"),
  add: (start, end) => add(start, end),
  started: () => showPlaying(),
  stopped: () => stopped(),
  zoomed: () => (find("#zoom").value = 100 * wave.zoomPart),
});
const list = new List(find("#list"), {
  select: (row) => choose(row),
  play: (row) => play(row),
  type: (row, name, text) => change(current(row), { cells: { [name]: text.trim() } }, `typing the ${name}`),
  toggle: (row) => toggle(current(row)),
  enter: (row, name) => accept(current(row), name),
});
const { add, best, change, following, joinClips, setEnd, splitClip, toggle, typeTime } = makeEdits(page, history, wave, {
  chosen,
  ownRows,
  say,
  showTimes: (row) => ((page.timesOf = ""), showClip(row)),
});
const { save, saveAndRun } = makeSaving(page, history, wave, { commitField, say, showCounts, take, tell });
const repeats = new Repeats(find("#repeats"), { play, best });

start();

async function start() {
  try {
    take(await ask("sheet"));
  } catch (problem) {
    tell(problem.message);
    return;
  }
  bindKeys(actions, find("#keys"));
  find("#recording").addEventListener("change", (event) => (event.target.blur(), open(event.target.value)));
  find("#list").addEventListener("input", () => showSaved(false));
  addEventListener("mousedown", (event) => {
    if (!event.target.closest?.("main button, header button")) return;
    commitField();
    event.preventDefault(); // a button that was clicked doesn't take the keys
  });
  find("#zoom").addEventListener("input", (event) => (wave.zoomPart = event.target.value / 100));
  for (const side of ["start", "end"]) find(`#${side}`).addEventListener("change", () => typeTime(side));
  for (const [id, act] of Object.entries(actions)) find(`#${id}`)?.addEventListener("click", act);
  for (const [name, title] of Object.entries(FILTERS)) {
    const button = Object.assign(document.createElement("button"), { textContent: title });
    button.dataset.filter = name;
    button.addEventListener("click", () => ((page.filter = name), show()));
    find("#filters").append(button);
  }
  addEventListener("focus", refresh);
  addEventListener("beforeunload", (event) => history.isSaved || event.preventDefault());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show());
  const asked = decodeURIComponent(location.hash.slice(1));
  open(page.recordings.includes(asked) ? asked : page.recordings[0]);
}

// Take the sheet as it is on disk; what was chosen stays so.
function take(sheet) {
  const before = chosen();
  const rows = sheet.rows.map(fromServer);
  Object.assign(page, { version: sheet.version, recordings: sheet.recordings, headline: sheet.headline, totals: sheet.totals });
  find("#title").textContent = document.title = sheet.title;
  find("#recording").replaceChildren(...sheet.recordings.map((name) => new Option(name, name, false, name === page.recording)));
  if (before) page.chosen = rows.toSorted((one, other) => overlap(other, before) - overlap(one, before))[0]?.id;
  history.take(rows);
}

// Back from another program, show what that has made of the sheet, unless something here isn't saved.
async function refresh() {
  if (!history.isSaved || document.querySelector("dialog[open]")) return;
  const sheet = await ask("sheet").catch((problem) => tell(problem.message));
  if (!sheet || sheet.version === page.version || !history.isSaved) return;
  take(sheet);
  say("the cut sheet was changed on disk: this is how it is now");
}

async function open(recording, row = undefined) {
  page.recording = find("#recording").value = recording;
  page.track = null;
  page.chosen = (row ?? ownRows().find((one) => !isReviewed(one)) ?? ownRows()[0])?.id ?? null;
  wave.clear();
  show();
  const waiting = find("#waiting");
  const tell = (part) => (waiting.textContent = `reading ${recording}: ${Math.round(100 * part)} %`);
  waiting.hidden = false;
  tell(0);
  try {
    const track = await askTrack(recording, tell, () => page.recording === recording);
    if (!track) return;
    page.track = track;
    wave.open(track);
    waiting.hidden = true;
    show();
    if (chosen()) wave.center((chosen().start + chosen().end) / 2);
  } catch (problem) {
    if (page.recording === recording) waiting.textContent = problem.message;
  }
}

function ownRows() {
  return history.rows.filter((row) => row.recording === page.recording);
}

function chosen() {
  return history.rows.find((row) => row.id === page.chosen);
}

function current(row) {
  return history.rows.find((one) => one.id === row.id) ?? row;
}

function show() {
  const rows = ownRows();
  if (!rows.some((row) => row.id === page.chosen)) page.chosen = rows[0]?.id ?? null;
  const isListed = { all: () => true, open: (row) => !isReviewed(row) || row.id === page.chosen, dropped: (row) => !row.kept };
  wave.show(rows, page.chosen);
  list.show(rows.filter(isListed[page.filter]), page.chosen, [...new Set(history.rows.map((row) => row.cells.speaker).filter(Boolean))]);
  repeats.listen(page.track, rows, show);
  repeats.show(chosen(), rows, page.track, wave.colors.wave);
  showClip(chosen());
  showCounts();
}

function showClip(row) {
  for (const name of ["play", "loop", "split", "join", "drop", "next", "start", "end"]) find(`#${name}`).disabled = !row;
  find("#drop").textContent = row && !row.kept ? "Keep" : "Drop";
  find("#join").disabled = !row || !following(row);
  const key = row && `${row.id} ${row.start} ${row.end}`;
  if (key === page.timesOf) return; // what is being typed there stays
  page.timesOf = key;
  for (const side of ["start", "end"]) find(`#${side}`).value = find(`#${side}`).defaultValue = row ? row[side].toFixed(3) : "";
  find("#length").textContent = row ? `${(row.end - row.start).toFixed(2)} s` : "";
}

function showCounts() {
  const kept = history.rows.filter((row) => row.kept);
  const seconds = kept.reduce((sum, row) => sum + row.end - row.start, 0);
  const seen = history.rows.filter(isReviewed).length;
  find("#progress").textContent = `${seen} of ${history.rows.length} reviewed · ${kept.length} kept, ${(seconds / 60).toFixed(2)} min`;
  find("#progress").style.setProperty("--part", seen / Math.max(1, history.rows.length));
  for (const option of find("#recording").options) {
    const open = history.rows.filter((row) => row.recording === option.value && !isReviewed(row)).length;
    option.text = open ? `${option.value} · ${open} to review` : `${option.value} · ✓`;
  }
  find("#undo").disabled = !history.past.length;
  find("#redo").disabled = !history.future.length;
  showSaved(history.isSaved);
  for (const button of find("#filters").children) button.setAttribute("aria-pressed", button.dataset.filter === page.filter);
}

function showSaved(isSaved) {
  find("#save").disabled = isSaved;
  find("#save").textContent = isSaved ? "Saved" : "Save";
}

// Choose a clip; where its recording has to be read first, that is waited for.
async function choose(row) {
  if (row.recording !== page.recording) return open(row.recording, row);
  if (page.chosen === row.id) return;
  page.chosen = row.id;
  page.isLooping = false;
  show();
  showPlaying();
  wave.reveal(row);
}

// A clip is right as it is: on to the next that nobody has heard.
function accept(row, field = undefined) {
  if (!isReviewed(row)) history.replace(new Map([[row.id, [confirm(row)]]]), "marking a clip as right", row.id);
  const place = history.rows.findIndex((one) => one.id === row.id);
  const next = [...history.rows.slice(place + 1), ...history.rows.slice(0, place)].find((one) => !isReviewed(one));
  if (!next) {
    say("all clips are reviewed: save and run");
    return;
  }
  const opened = choose(next);
  if (field) list.write(next.id, field);
  opened.then(() => page.chosen === next.id && page.track && play(next));
}

function step(by) {
  const rows = ownRows();
  const next = rows[rows.findIndex((row) => row.id === page.chosen) + by];
  if (next) choose(next);
}

function play(row, from = row.start) {
  choose(row);
  page.playing = row.id;
  wave.play(from, row.end);
}

function stopped() {
  const row = chosen();
  if (page.isLooping && row && page.playing === row.id && Math.abs(wave.time - row.end) < 0.1) {
    setTimeout(() => page.isLooping && wave.play(row.start, row.end), 250);
    return;
  }
  showPlaying();
}

function showPlaying() {
  const isPlaying = wave.isPlaying;
  find("#play").textContent = isPlaying ? "❚❚ Pause" : "▶ Play";
  find("#loop").setAttribute("aria-pressed", page.isLooping);
}

function playOrPause() {
  page.isLooping = false;
  if (wave.isPlaying) wave.pause();
  else if (chosen()) play(chosen());
  showPlaying();
}

function loop() {
  page.isLooping = !page.isLooping;
  if (page.isLooping) play(chosen());
  else wave.pause();
  showPlaying();
}

function back(move, word) {
  commitField();
  const done = move.call(history);
  if (!done) return;
  const row = history.rows.find((one) => one.id === done.selected);
  if (row) choose(row);
  say(`${word}: ${done.label}`);
}

function commitField() {
  if (document.activeElement?.matches("input")) document.activeElement.blur();
}

function tell(message, choices = { Close: () => {} }) {
  const notice = find("#notice");
  const buttons = Object.entries(choices).map(([title, act]) => {
    const button = Object.assign(document.createElement("button"), { textContent: title });
    button.addEventListener("click", () => ((notice.hidden = true), act()));
    return button;
  });
  notice.replaceChildren(message, ...buttons);
  notice.hidden = false;
}

function say(message) {
  find("#said").textContent = message;
  clearTimeout(page.saying);
  page.saying = setTimeout(() => (find("#said").textContent = ""), 4000);
}

const onChosen = (act) => () => chosen() && act(chosen());
const actions = {
  play: playOrPause,
  loop: onChosen(loop),
  split: onChosen(splitClip),
  join: onChosen(joinClips),
  drop: onChosen(toggle),
  next: onChosen((row) => accept(row)),
  undo: () => back(history.undo, "undone"),
  redo: () => back(history.redo, "done again"),
  save,
  run: saveAndRun,
  help: () => find("#keys").showModal(),
  setStart: onChosen(() => setEnd("start")),
  setEnd: onChosen(() => setEnd("end")),
  previous: () => step(-1),
  following: () => step(1),
  write: onChosen((row) => list.write(row.id)),
  choose: onChosen((row) => repeats.group.length > 1 && best(row, repeats.group.filter((one) => one.id !== row.id))),
  hear: (number) => repeats.group[number - 1] && play(repeats.group[number - 1]),
  zoomIn: () => (wave.zoomTo(wave.pxPerSec * 1.4), (find("#zoom").value = 100 * wave.zoomPart)),
  zoomOut: () => (wave.zoomTo(wave.pxPerSec / 1.4), (find("#zoom").value = 100 * wave.zoomPart)),
};
