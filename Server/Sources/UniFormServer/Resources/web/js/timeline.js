/** Waveform above mel spectrogram on one time axis, with onset marks and a cursor that can be moved. */
export class Timeline {
  /** @param media the element whose time is shown and set. */
  constructor(canvas, media, peaks) {
    this.canvas = canvas;
    this.media = media;
    this.peaks = peaks;
    this.picture = peaks.mel ? melPicture(peaks.mel) : null;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "slider");
    canvas.setAttribute("aria-label", "Position in the clip");
    canvas.setAttribute("aria-valuemin", "0");
    canvas.setAttribute("aria-valuemax", peaks.seconds.toFixed(2));
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#seek(event);
    });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons) this.#seek(event); });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    this.resizing = new ResizeObserver(() => this.#resize());
    this.resizing.observe(canvas);
    this.#resize();
    const tick = () => {
      if (!canvas.isConnected) return this.stop();
      if (media.currentTime !== this.drawn) this.draw();
      this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.resizing.disconnect();
  }

  #seek(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.media.currentTime = share * this.peaks.seconds;
  }

  #key(event) {
    const step = { ArrowLeft: -0.1, ArrowRight: 0.1, PageDown: -1, PageUp: 1 }[event.key];
    if (step !== undefined) this.media.currentTime = Math.min(this.peaks.seconds, Math.max(0, this.media.currentTime + step));
    else if (event.key === "Home") this.media.currentTime = 0;
    else if (event.key === "End") this.media.currentTime = this.peaks.seconds;
    else if (event.key === " ") { if (this.media.paused) this.media.play(); else this.media.pause(); }
    else return;
    event.preventDefault();
  }

  #resize() {
    const scale = window.devicePixelRatio || 1;
    const box = this.canvas.getBoundingClientRect();
    this.canvas.width = Math.max(1, Math.round(box.width * scale));
    this.canvas.height = Math.max(1, Math.round(box.height * scale));
    this.background = null;
    this.draw();
  }

  draw() {
    const { canvas, peaks } = this;
    const context = canvas.getContext("2d");
    this.background ??= this.#paint();
    context.drawImage(this.background, 0, 0);
    const x = (this.media.currentTime / peaks.seconds) * canvas.width;
    const style = getComputedStyle(canvas);
    context.fillStyle = style.getPropertyValue("--cursor");
    context.fillRect(Math.round(x) - 1, 0, 2 * (window.devicePixelRatio || 1), canvas.height);
    this.drawn = this.media.currentTime;
    canvas.setAttribute("aria-valuenow", this.media.currentTime.toFixed(2));
    canvas.setAttribute("aria-valuetext", `${this.media.currentTime.toFixed(1)} of ${peaks.seconds.toFixed(1)} seconds`);
  }

  #paint() {
    const { width, height } = this.canvas;
    const style = getComputedStyle(this.canvas);
    const layer = document.createElement("canvas");
    layer.width = width;
    layer.height = height;
    const context = layer.getContext("2d");
    const middle = Math.round(height * 0.4);
    context.fillStyle = style.getPropertyValue("--wave-back");
    context.fillRect(0, 0, width, middle);
    const { minima, maxima } = this.peaks.waveform; // in 127ths
    context.fillStyle = style.getPropertyValue("--wave");
    for (let x = 0; x < width; x += 1) {
      const first = Math.floor((x / width) * minima.length);
      const last = Math.max(first + 1, Math.floor(((x + 1) / width) * minima.length));
      let low = 0, high = 0;
      for (let index = first; index < last && index < minima.length; index += 1) {
        low = Math.min(low, minima[index] / 127);
        high = Math.max(high, maxima[index] / 127);
      }
      const top = (0.5 - 0.48 * high) * middle;
      context.fillRect(x, top, 1, Math.max(1, (0.5 - 0.48 * low) * middle - top));
    }
    context.imageSmoothingEnabled = true;
    if (this.picture) context.drawImage(this.picture, 0, middle, width, height - middle);
    context.fillStyle = style.getPropertyValue("--onset");
    const thickness = Math.max(1, Math.round(window.devicePixelRatio || 1));
    for (const onset of this.peaks.onsets) {
      context.fillRect(Math.round((onset / this.peaks.seconds) * width), 0, thickness, Math.round(middle * 0.16));
    }
    return layer;
  }
}

/** One pixel per value, the lowest band at the bottom. */
function melPicture({ frames, bins, levels }) {
  const values = Uint8Array.from(atob(levels), (character) => character.charCodeAt(0));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, frames);
  canvas.height = Math.max(1, bins);
  const image = new ImageData(canvas.width, canvas.height);
  for (let frame = 0; frame < frames; frame += 1) {
    for (let bin = 0; bin < bins; bin += 1) {
      const [r, g, b] = heat(values[frame * bins + bin] / 255);
      image.data.set([r, g, b, 255], 4 * ((bins - 1 - bin) * frames + frame));
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** From dark violet over red to pale yellow: lightness rises evenly, so that it reads in grey, too. */
function heat(value) {
  const stops = [[13, 8, 36], [84, 22, 104], [172, 46, 98], [236, 112, 55], [251, 191, 82], [253, 248, 203]];
  const place = Math.min(0.9999, Math.max(0, value)) * (stops.length - 1);
  const index = Math.floor(place);
  return stops[index].map((from, channel) => from + (stops[index + 1][channel] - from) * (place - index));
}
