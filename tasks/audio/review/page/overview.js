// The whole recording in one line, with its clips and what is in view; a click goes there.

export class Overview {
  constructor(canvas, go) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.ground = document.createElement("canvas");
    this.track = null;
    const follow = (event) => {
      if (event.buttons && this.track) go((event.offsetX / canvas.clientWidth) * this.track.length);
    };
    canvas.addEventListener("pointerdown", (event) => (canvas.setPointerCapture(event.pointerId), follow(event)));
    canvas.addEventListener("pointermove", follow);
  }

  setTrack(track) {
    this.track = track;
  }

  // Draw outline and clips; as often as those change.
  redraw(marks, colors) {
    const { canvas, ground, track } = this;
    const scale = window.devicePixelRatio || 1;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    for (const one of [canvas, ground]) [one.width, one.height] = [this.width * scale, this.height * scale];
    this.colors = colors;
    if (!track) return;
    const pen = ground.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    for (const mark of marks) {
      pen.fillStyle = mark.color;
      const x = (mark.start / track.length) * this.width;
      pen.fillRect(x, this.height - 4, Math.max(1, ((mark.end - mark.start) / track.length) * this.width), 4);
    }
    pen.fillStyle = colors.wave;
    const middle = (this.height - 6) / 2;
    for (let x = 0; x < this.width; x++) {
      const first = Math.floor((x / this.width) * track.highs.length);
      const last = Math.max(first + 1, Math.floor(((x + 1) / this.width) * track.highs.length));
      let high = 0;
      for (let at = first; at < last; at++) high = Math.max(high, track.highs[at], -track.lows[at]);
      const size = Math.max(0.5, (high / track.loudest) * middle);
      pen.fillRect(x, middle - size, 1, 2 * size);
    }
  }

  draw(start, end) {
    const { pen, track } = this;
    if (!this.width) return;
    const scale = window.devicePixelRatio || 1;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!track) return;
    pen.drawImage(this.ground, 0, 0);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    const x = (start / track.length) * this.width;
    const wide = Math.max(3, ((Math.min(end, track.length) - start) / track.length) * this.width);
    pen.fillStyle = this.colors.view;
    pen.fillRect(x, 0, wide, this.height);
    pen.strokeStyle = this.colors.accent;
    pen.lineWidth = 1.5;
    pen.strokeRect(x + 0.75, 0.75, wide - 1.5, this.height - 1.5);
  }
}
