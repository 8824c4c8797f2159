// Clips in which the same is said, side by side, to choose the best.

import { ask } from "./api.js";
import { asTime, numberOf } from "./rows.js";

const HEIGHT = 40;

export class Repeats {
  // `on` has play(row), best(row, others)
  constructor(element, on) {
    this.element = element;
    this.on = on;
    this.alike = []; // groups of ids that sound alike
  }

  // Ask which of the clips sound alike, once nobody has changed them for a while.
  listen(track, rows, done) {
    clearTimeout(this.timer);
    const key = track && track.path + rows.map((row) => `${row.start} ${row.end}`).join();
    if (!track || key === this.key) return;
    this.timer = setTimeout(async () => {
      this.key = key;
      const spans = rows.map((row) => [row.start, row.end]);
      const groups = await ask(`${track.path}/repeats`, "POST", spans);
      if (this.key !== key) return;
      this.alike = groups.map((group) => group.map((number) => rows[number].id));
      done();
    }, 400);
  }

  // The clips that say the same as one: by their sound, or by their text.
  of(row, rows) {
    const text = row.cells.text?.trim().toLowerCase();
    const group = this.alike.find((ids) => ids.includes(row.id)) ?? [];
    return rows.filter((one) => one.id === row.id || group.includes(one.id) || (text && one.cells.text?.trim().toLowerCase() === text));
  }

  show(row, rows, track, color) {
    const group = row && track ? this.of(row, rows) : [];
    const isNeeded = group.length > 1;
    this.element.hidden = !isNeeded;
    this.group = isNeeded ? group : [];
    const key = isNeeded ? [row.id, color, ...group.map((one) => `${one.id} ${one.start} ${one.end} ${one.kept}`)].join() : "";
    if (key === this.shown) return;
    this.shown = key;
    if (!isNeeded) return this.element.replaceChildren();
    const longest = Math.max(...group.map((one) => one.end - one.start));
    const title = document.createElement("h2");
    title.textContent = `Said ${group.length} times: which is best?`;
    const cards = document.createElement("ul");
    cards.append(...group.map((one, place) => this.card(one, place, group, { row, track, longest, color })));
    this.element.replaceChildren(title, cards);
    cards.querySelector(".chosen")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  card(one, place, group, { row, track, longest, color }) {
    const card = document.createElement("li");
    card.className = `${one.id === row.id ? "chosen" : ""} ${one.kept ? "" : "dropped"}`;
    const play = document.createElement("button");
    play.className = "hear";
    play.title = `Play (${place + 1})`;
    play.setAttribute("aria-label", `Play ${numberOf(one)}, from ${asTime(one.start)}`);
    const canvas = document.createElement("canvas");
    const loudest = drawOutline(canvas, one, track, longest, color);
    play.append(canvas);
    play.addEventListener("click", () => this.on.play(one));
    const words = document.createElement("span");
    words.textContent = `${numberOf(one)} · ${(one.end - one.start).toFixed(2)} s · ${loudest}`;
    const best = document.createElement("button");
    best.textContent = "Keep only this";
    best.addEventListener("click", () => this.on.best(one, group.filter((other) => other.id !== one.id)));
    card.append(play, words, best);
    return card;
  }
}

// Draw a clip's outline, in the same scale of time as the others beside it; returns how loud it is, in words.
function drawOutline(canvas, row, track, longest, color) {
  const width = 180;
  const scale = window.devicePixelRatio || 1;
  [canvas.width, canvas.height] = [width * scale, HEIGHT * scale];
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.fillStyle = color;
  const first = Math.floor(row.start * track.peaksPerSecond);
  const count = Math.floor((row.end - row.start) * track.peaksPerSecond);
  const wide = Math.max(1, Math.round((width * (row.end - row.start)) / longest));
  const sizes = Array.from({ length: wide }, (_, x) => {
    const from = first + Math.floor((x / wide) * count);
    const to = Math.max(from + 1, first + Math.floor(((x + 1) / wide) * count));
    let most = 0;
    for (let at = from; at < to; at++) most = Math.max(most, track.highs[at] ?? 0, -(track.lows[at] ?? 0));
    return most;
  });
  const loudest = Math.max(1, ...sizes);
  sizes.forEach((size, x) => {
    const half = Math.max(0.5, (size / loudest) * (HEIGHT / 2 - 2));
    pen.fillRect(x, HEIGHT / 2 - half, 1, 2 * half);
  });
  return `${Math.round(20 * Math.log10(loudest / 127))} dB`;
}
