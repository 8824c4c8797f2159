// The recording to see, hear and cut: waveform with clips to drag at both ends, spectrogram and overview.

import WaveSurfer from "./wavesurfer/wavesurfer.js";
import Regions from "./wavesurfer/regions.js";
import { Overview } from "./overview.js";
import { Spectrum } from "./spectrum.js";
import { asTime, isReviewed, numberOf } from "./rows.js";

const LEAST_PX = 8; // a second
const MOST_PX = 800;
const BESIDE = 1; // windows on each side of what is in view whose clips are there to be dragged
const SHORTEST_S = 0.03;

export class Wave {
  // `on` has select(row), play(row), move(row, start, end), add(start, end), stopped()
  constructor(on) {
    this.on = on;
    this.rows = [];
    this.chosen = null;
    this.shown = new Map(); // id -> {row, region, isChosen}
    this.pxPerSec = 100;
    this.spectrum = new Spectrum(document.querySelector("#spectrum"));
    this.overview = new Overview(document.querySelector("#overview"), (time) => this.center(time));
    document.querySelector("#spectrum").addEventListener("painted", () => this.drawSoon());
    document.querySelector("#spectrum").addEventListener("click", (event) => {
      this.surfer?.setTime(this.surfer.getScroll() / this.pxPerSec + event.offsetX / this.pxPerSec);
    });
    document.querySelector(".wave").addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolor());
    new ResizeObserver(() => this.refresh()).observe(document.querySelector("#overview"));
    this.readColors();
  }

  readColors() {
    const style = getComputedStyle(document.documentElement);
    const names = ["wave", "accent", "view", "clip", "seen", "dropped", "cursor"];
    this.colors = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.spectrum.setScheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }

  recolor() {
    this.readColors();
    const { wave, cursor } = this.colors;
    this.surfer?.setOptions({ waveColor: wave, progressColor: wave, cursorColor: cursor });
    this.refresh();
  }

  clear() {
    this.surfer?.destroy();
    this.surfer = null;
    this.isReady = false;
    this.track = null;
    this.shown.clear();
    this.spectrum.setTrack(null);
    this.overview.setTrack(null);
    this.refresh();
  }

  open(track) {
    this.clear();
    track.loudest = Math.max(4, track.highs.reduce((most, one) => Math.max(most, one), 0), -track.lows.reduce((least, one) => Math.min(least, one), 0));
    this.track = track;
    this.spectrum.setTrack(track);
    this.overview.setTrack(track);
    this.regions = Regions.create();
    this.surfer = WaveSurfer.create({
      container: "#waveform",
      height: document.querySelector("#waveform").clientHeight || 110,
      waveColor: this.colors.wave,
      progressColor: this.colors.wave,
      cursorColor: this.colors.cursor,
      cursorWidth: 2,
      barHeight: 0.84,
      minPxPerSec: this.pxPerSec,
      fillParent: false,
      autoCenter: false,
      peaks: [Float32Array.from(track.highs, (one) => one / track.loudest), Float32Array.from(track.lows, (one) => one / track.loudest)],
      duration: track.length,
      url: `${track.path}/sound.wav`,
      plugins: [this.regions],
      cspNonce: document.body.dataset.nonce,
    });
    Object.assign(this.surfer.getWrapper().parentElement, { tabIndex: 0, role: "group", ariaLabel: "Waveform" });
    this.surfer.on("scroll", () => this.drawSoon());
    this.surfer.on("zoom", () => this.drawSoon());
    this.surfer.on("ready", () => {
      this.isReady = true;
      this.refresh();
    });
    this.surfer.on("pause", () => this.on.stopped());
    this.surfer.on("play", () => this.on.started());
    this.regions.on("region-created", (region) => this.created(region));
    this.regions.on("region-updated", (region) => this.updated(region));
    this.regions.on("region-clicked", (region) => this.on.select(this.rowOf(region)));
    this.regions.on("region-double-clicked", (region) => this.on.play(this.rowOf(region)));
    this.regions.enableDragSelection({ color: this.colors.view, minLength: SHORTEST_S });
  }

  rowOf(region) {
    return this.rows.find((row) => row.id === region.id);
  }

  created(region) {
    if (!region.id.startsWith("region-")) return; // else somebody has dragged over bare sound
    const { start, end } = region;
    region.remove();
    this.on.add(Math.max(0, start), Math.min(this.track.length, end));
  }

  updated(region) {
    const row = this.rowOf(region);
    if (row) this.on.move(row, Math.max(0, region.start), Math.min(this.track.length, region.end));
  }

  // Show rows, which are those of this recording, of which one is chosen.
  show(rows, chosen) {
    this.rows = rows;
    this.chosen = chosen;
    this.refresh();
  }

  refresh() {
    if (!this.track) this.overview.redraw([], this.colors);
    else this.overview.redraw(this.rows.map((row) => this.mark(row)), this.colors);
    this.draw();
  }

  mark(row) {
    return { start: row.start, end: row.end, color: this.colorOf(row), isChosen: row.id === this.chosen };
  }

  colorOf(row) {
    return !row.kept ? this.colors.dropped : isReviewed(row) ? this.colors.seen : this.colors.clip;
  }

  drawSoon() {
    this.isDue ??= requestAnimationFrame(() => {
      this.isDue = null;
      this.draw();
    });
  }

  draw() {
    const { surfer, track } = this;
    if (!surfer || !track) {
      this.spectrum.draw(0, 1, []);
      this.overview.draw(0, 0);
      return;
    }
    const start = surfer.getScroll() / this.pxPerSec;
    const end = start + surfer.getWidth() / this.pxPerSec;
    const near = this.rows.filter((row) => row.end >= start && row.start <= end);
    this.spectrum.draw(start, this.pxPerSec, near.map((row) => this.mark(row)));
    this.overview.draw(start, end);
    this.place(start - BESIDE * (end - start), end + BESIDE * (end - start));
  }

  // Keep as regions only the clips near what is in view: of 800, no more than can be dragged now.
  place(from, to) {
    if (!this.isReady) return;
    const wanted = new Map(this.rows.filter((row) => row.end >= from && row.start <= to).map((row) => [row.id, row]));
    for (const [id, { region }] of this.shown) {
      if (wanted.has(id)) continue;
      this.shown.delete(id);
      region.remove();
    }
    for (const row of wanted.values()) this.placeOne(row);
  }

  placeOne(row) {
    const old = this.shown.get(row.id);
    const isChosen = row.id === this.chosen;
    if (old && old.row === row && old.isChosen === isChosen && old.colors === this.colors) return;
    const place = { start: row.start, end: row.end, color: this.colorOf(row).replace(")", isChosen ? " / 0.42)" : " / 0.2)") };
    let region = old?.region;
    if (region) region.setOptions(place);
    else region = this.regions.addRegion({ id: row.id, drag: false, minLength: SHORTEST_S, content: document.createElement("span"), ...place });
    region.content.textContent = `${row.kept ? (isReviewed(row) ? "✓ " : "") : "✕ "}${numberOf(row)}  ${row.cells.text ?? ""}`;
    region.element.part.toggle("chosen", isChosen);
    region.element.title = `${asTime(row.start)} to ${asTime(row.end)}`;
    this.shown.set(row.id, { row, region, isChosen, colors: this.colors });
  }

  zoomTo(pxPerSec, around = undefined) {
    const old = this.pxPerSec;
    this.pxPerSec = Math.min(MOST_PX, Math.max(LEAST_PX, pxPerSec));
    if (!this.surfer) return;
    const width = this.surfer.getWidth();
    const x = around === undefined ? width / 2 : around;
    const time = (this.surfer.getScroll() + x) / old;
    this.surfer.zoom(this.pxPerSec);
    this.surfer.setScroll(Math.max(0, time * this.pxPerSec - x));
    this.drawSoon();
  }

  wheel(event) {
    if (!this.surfer) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const left = document.querySelector(".wave").getBoundingClientRect().left;
      this.zoomTo(this.pxPerSec * Math.exp(-event.deltaY / 300), event.clientX - left);
      this.on.zoomed();
    } else if (event.target.id === "spectrum" && event.deltaX) {
      event.preventDefault();
      this.surfer.setScroll(this.surfer.getScroll() + event.deltaX);
    }
  }

  get zoomPart() {
    return Math.log(this.pxPerSec / LEAST_PX) / Math.log(MOST_PX / LEAST_PX);
  }

  set zoomPart(part) {
    this.zoomTo(LEAST_PX * (MOST_PX / LEAST_PX) ** part);
  }

  center(time) {
    if (!this.surfer) return;
    this.surfer.setScroll(Math.max(0, time * this.pxPerSec - this.surfer.getWidth() / 2));
    this.drawSoon();
  }

  // Bring a clip into view, unless it is.
  reveal(row) {
    if (!this.surfer) return;
    const start = this.surfer.getScroll() / this.pxPerSec;
    const end = start + this.surfer.getWidth() / this.pxPerSec;
    if (row.start < start || row.end > end) this.center((row.start + row.end) / 2);
  }

  get time() {
    return this.surfer?.getCurrentTime() ?? 0;
  }

  get isPlaying() {
    return this.surfer?.isPlaying() ?? false;
  }

  play(start, end) {
    this.surfer?.play(start, end).catch(() => {}); // a pause that comes first ends it
  }

  pause() {
    this.surfer?.pause();
  }

  // Where a stretch is quietest, away from its ends.
  quietest(start, end) {
    const { highs, lows, peaksPerSecond } = this.track;
    const size = Math.max(1, Math.round(0.04 * peaksPerSecond));
    const inset = Math.min(0.25 * (end - start), 0.15);
    let best = (start + end) / 2;
    let least = Infinity;
    for (let at = Math.round((start + inset) * peaksPerSecond); at + size < (end - inset) * peaksPerSecond; at++) {
      let sum = 0;
      for (let next = at; next < at + size; next++) sum += highs[next] - lows[next];
      if (sum < least) [least, best] = [sum, (at + size / 2) / peaksPerSecond];
    }
    return best;
  }
}
