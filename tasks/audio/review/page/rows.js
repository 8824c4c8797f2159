// The rows of the cut sheet, as values: an edit returns a new row, so that undoing is going back to older ones.

let count = 0;
export const UNSEEN = ["new", "check the text"];

export function fromServer(row) {
  return { ...row, id: `clip${++count}`, recording: row.cells.recording };
}

export function edit(row, { cells = {}, ...changes }) {
  const changed = { ...row, ...changes, mine: true };
  changed.start = toMilliseconds(changed.start);
  changed.end = toMilliseconds(changed.end);
  changed.cells = { ...row.cells, ...cells };
  if (changed.start !== row.start) changed.cells.start = changed.start.toFixed(3);
  if (changed.end !== row.end) changed.cells.end = changed.end.toFixed(3);
  if (changed.kept !== row.kept) changed.cells.keep = changed.kept ? "yes" : "no";
  if (UNSEEN.includes(changed.cells.note)) changed.cells.note = "";
  return changed;
}

// Its author has heard a clip and left it as it is: that makes it the author's, which no later run changes.
export function confirm(row) {
  return isReviewed(row) ? row : edit(row, { cells: { note: UNSEEN.includes(row.cells.note) ? "seen" : row.cells.note || "seen" } });
}

export function isReviewed(row) {
  return row.mine && !UNSEEN.includes(row.cells.note);
}

export function split(row, at) {
  const first = edit(row, { end: at });
  const second = edit({ ...row, id: `clip${++count}` }, { start: at, cells: { number: "", text: "", found: "" } });
  return [first, second];
}

export function join(row, other) {
  const texts = [...new Set([row.cells.text, other.cells.text].filter(Boolean))];
  const speaker = row.cells.speaker || other.cells.speaker || "";
  return edit(row, { end: Math.max(row.end, other.end), cells: { text: texts.join(" "), speaker } });
}

export function create(recording, start, end, columns) {
  const cells = Object.fromEntries(columns.map((name) => [name, ""]));
  const row = { id: `clip${++count}`, recording, start: -1, end: -1, kept: true, mine: true };
  return edit({ ...row, cells: { ...cells, recording, keep: "yes" } }, { start, end });
}

export function overlap(row, other) {
  if (row.recording !== other.recording) return 0;
  return Math.max(0, Math.min(row.end, other.end) - Math.max(row.start, other.start));
}

export function asTime(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(2).padStart(5, "0")}`;
}

// The number of a row's clip, which it has once it was cut.
export function numberOf(row) {
  return row.cells.number || (row.kept ? "new" : "–");
}

// Seconds, or minutes and seconds, with a point or a comma; NaN for anything else.
export function readTime(text) {
  const parts = text.trim().replace(",", ".").split(":");
  if (parts.length > 3 || parts.some((part) => !/^\d+(\.\d*)?$/.test(part))) return NaN;
  return parts.reduce((sum, part) => 60 * sum + Number(part), 0);
}

function toMilliseconds(seconds) {
  return Math.round(seconds * 1000) / 1000;
}
