// The spectrogram of what is in view, from stretches of ten seconds that the program has computed beforehand.

import { askBytes } from "./api.js";

const TILE = 1000; // columns
const MOST_TILES = 80;
const STOPS = {
  dark: [[18, 20, 24], [38, 30, 84], [122, 40, 120], [214, 78, 84], [250, 164, 70], [255, 240, 190]],
  light: [[255, 255, 255], [228, 236, 243], [160, 190, 214], [84, 132, 176], [40, 72, 124], [14, 22, 52]],
};
const QUIETEST = 60; // of 255; what is softer is the ground's colour

export class Spectrum {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { alpha: false });
    this.tiles = new Map();
    this.track = null;
    this.setScheme("light");
  }

  setScheme(scheme) {
    this.palette = makePalette(STOPS[scheme]);
    this.ground = `rgb(${STOPS[scheme][0].join(" ")})`;
    this.tiles.clear();
  }

  setTrack(track) {
    this.track = track;
    this.tiles.clear();
  }

  // Draw from `start` on, so many pixels a second, with marks as {start, end, color, isChosen}.
  draw(start, pxPerSec, marks) {
    const { canvas, pen, track } = this;
    const scale = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.fillStyle = this.ground;
    pen.fillRect(0, 0, width, height);
    if (!track || !width) return;
    const seconds = TILE / track.columnsPerSecond;
    const end = Math.min(track.length, start + width / pxPerSec);
    const wanted = [];
    for (let number = Math.floor(start / seconds); number * seconds < end; number++) {
      const tile = this.tiles.get(number);
      if (tile?.width) {
        this.tiles.delete(number); // the one used last is the last to go
        this.tiles.set(number, tile);
        const x = (number * seconds - start) * pxPerSec;
        pen.drawImage(tile, x, 0, (tile.width / track.columnsPerSecond) * pxPerSec, height);
      } else if (!tile) wanted.push(number);
    }
    for (const mark of marks) {
      const x = (mark.start - start) * pxPerSec;
      const wide = (mark.end - mark.start) * pxPerSec;
      pen.fillStyle = mark.color;
      if (mark.isChosen) {
        pen.fillRect(x, 0, 2, height);
        pen.fillRect(x + wide - 2, 0, 2, height);
      }
      pen.fillRect(x, height - 3, wide, 3);
    }
    clearTimeout(this.timer);
    if (wanted.length) this.timer = setTimeout(() => this.fetch(wanted, track), 60); // not while one scrolls past
  }

  async fetch(numbers, track) {
    for (const number of numbers) {
      if (this.track !== track || this.tiles.has(number)) continue;
      this.tiles.set(number, {});
      try {
        const bytes = await askBytes(`${track.path}/spectrum?from=${number * TILE}&count=${TILE}`);
        if (this.track === track) this.tiles.set(number, this.paint(new Uint8Array(bytes), track.bands));
      } catch {
        this.tiles.delete(number);
        return;
      }
      for (const old of [...this.tiles.keys()].slice(0, -MOST_TILES)) this.tiles.delete(old);
      this.canvas.dispatchEvent(new Event("painted"));
    }
  }

  paint(levels, bands) {
    const columns = Math.floor(levels.length / bands);
    if (!columns) return {};
    const tile = new OffscreenCanvas(columns, bands);
    const pen = tile.getContext("2d");
    const image = pen.createImageData(columns, bands);
    const pixels = new Uint32Array(image.data.buffer);
    for (let column = 0; column < columns; column++) {
      for (let band = 0; band < bands; band++) {
        pixels[(bands - 1 - band) * columns + column] = this.palette[levels[column * bands + band]];
      }
    }
    pen.putImageData(image, 0, 0);
    return tile;
  }
}

function makePalette(stops) {
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const place = (Math.max(0, level - QUIETEST) / (255 - QUIETEST)) * (stops.length - 1) * 1.15;
    const low = Math.min(stops.length - 2, Math.floor(place));
    const part = Math.min(1, place - low);
    const [red, green, blue] = stops[low].map((value, index) => value + part * (stops[low + 1][index] - value));
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
}
