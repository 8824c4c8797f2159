// What one does to a clip, each of it one step to undo.

import { confirm, create, edit, join, readTime, split } from "./rows.js";

const SHORTEST_S = 0.03;

// `page` says what is shown; the rest are chosen(), ownRows(), say(words) and showTimes(row).
export function makeEdits(page, history, wave, { chosen, ownRows, say, showTimes }) {
  function change(row, changes, label) {
    const changed = edit(row, changes);
    const isSame = changed.start === row.start && changed.end === row.end && changed.kept === row.kept;
    if (isSame && Object.entries(changes.cells ?? {}).every(([name, text]) => (row.cells[name] ?? "") === text)) return;
    history.replace(new Map([[row.id, [changed]]]), label, row.id);
  }

  function typeTime(side) {
    const row = chosen();
    const time = readTime(document.querySelector(`#${side}`).value);
    const times = { start: row.start, end: row.end, [side]: time };
    const isWrong = !(times.start >= 0 && times.end >= times.start + SHORTEST_S && times.end <= (page.track?.length ?? Infinity) + 0.001);
    if (isWrong) say(`${document.querySelector(`#${side}`).value} is no time for this clip's ${side}; give seconds, such as 12.345`);
    else change(row, times, "moving an end");
    showTimes(chosen());
  }

  function setEnd(side) {
    const row = chosen();
    const times = { start: row.start, end: row.end, [side]: wave.time };
    if (times.end < times.start + SHORTEST_S) say(`the cursor is on the wrong side of the clip for its ${side}`);
    else change(row, times, "moving an end");
  }

  function toggle(row) {
    change(row, { kept: !row.kept }, row.kept ? "dropping a clip" : "keeping a clip");
  }

  function add(start, end) {
    if (end - start < SHORTEST_S) return;
    const row = create(page.recording, start, end, Object.keys(history.rows[0].cells));
    const rows = [...history.rows];
    const after = rows.findLastIndex((one) => one.recording === page.recording && one.start <= start);
    const first = rows.findIndex((one) => one.recording === page.recording);
    rows.splice(after >= 0 ? after + 1 : Math.max(0, first), 0, row);
    const before = page.chosen;
    page.chosen = row.id;
    history.apply(rows, "adding a clip", before);
  }

  function splitClip() {
    const row = chosen();
    if (!page.track || row.end - row.start < 2.5 * SHORTEST_S) return;
    const isInside = wave.time > row.start + SHORTEST_S && wave.time < row.end - SHORTEST_S;
    const parts = split(row, isInside ? wave.time : wave.quietest(row.start, row.end));
    history.replace(new Map([[row.id, parts]]), "splitting a clip", row.id);
  }

  function following(row) {
    return ownRows()
      .filter((one) => one.kept && one.id !== row.id && one.start >= row.start)
      .sort((one, other) => one.start - other.start)[0];
  }

  function joinClips() {
    const row = chosen();
    const other = following(row);
    if (other) history.replace(new Map([[row.id, [join(row, other)]], [other.id, []]]), "joining clips", row.id);
  }

  function best(row, others) {
    const changes = others.filter((one) => one.kept).map((one) => [one.id, [edit(one, { kept: false })]]);
    const taken = row.kept ? confirm(row) : edit(row, { kept: true });
    page.chosen = row.id;
    history.replace(new Map([...changes, [row.id, [taken]]]), "choosing the best", row.id);
    say(`${others.length} dropped, the best of ${others.length + 1} kept`);
  }

  return { add, best, change, following, joinClips, setEnd, splitClip, toggle, typeTime };
}
