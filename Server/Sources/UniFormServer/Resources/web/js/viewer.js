import { api } from "./api.js";
import { byID, el } from "./dom.js";
import { taskNames, title } from "./format.js";
import { Timeline } from "./timeline.js";

const download = (url) => `${url}${url.includes("?") ? "&" : "?"}download`;

/** Settings as a file of their own, to be kept beside the clip. */
function saveSettings(job) {
  const file = new Blob([JSON.stringify(job.settings, null, 2) + "\n"], { type: "application/json" });
  const link = el("a", { href: URL.createObjectURL(file), download: `${job.id}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** One clip, large: picture, waveform and spectrogram on one time axis. */
export class Viewer {
  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
    this.dialog = byID("viewer");
    this.dialog.addEventListener("close", () => this.#end());
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
  }

  async open(job) {
    this.#end();
    const video = el("video", { src: job.media.clip, controls: true, loop: true, playsInline: true, preload: "auto", "aria-label": title(job) });
    const canvas = el("canvas", { className: "timeline" });
    const note = el("p", { className: "hint" }, "Reading the sound…");
    const button = (text, action) => el("button", { type: "button", onclick: action }, text);
    this.dialog.replaceChildren(el("article", {},
      el("div", { className: "row spread" },
        el("h2", { id: "viewer-title" }, title(job)),
        el("button", { type: "button", className: "quiet", "aria-label": "Close", onclick: () => this.dialog.close() }, "✕")),
      el("p", { className: "hint" }, taskNames[job.task]),
      video, canvas, note,
      el("p", { className: "error", role: "alert", hidden: true }),
      el("div", { className: "row actions" },
        el("a", { className: "button", href: download(job.media.clip), download: "" }, "MP4"),
        job.media.sound && el("a", { className: "button", href: download(job.media.sound), download: "" }, "WAV"),
        button("Settings", () => saveSettings(job)),
        button("Again with these settings", () => { this.dialog.close(); this.actions.fill(job); }),
        button("Vary", () => this.#vary(job))),
      this.#settings(job)));
    this.dialog.showModal();
    video.play().catch(() => {}); // a browser may want a click first
    if (!job.media.peaks) {
      canvas.hidden = true;
      note.textContent = "This clip has no sound.";
      return;
    }
    try {
      const peaks = await api.json(job.media.peaks);
      if (!canvas.isConnected) return;
      this.timeline = new Timeline(canvas, video, peaks);
      note.textContent = peaks.onsets.length
        ? `Waveform above mel spectrogram; ${peaks.onsets.length} onset${peaks.onsets.length === 1 ? "" : "s"} marked. Click to jump.`
        : "Waveform above mel spectrogram. Click to jump.";
    } catch (error) {
      canvas.hidden = true;
      note.textContent = error.message;
    }
  }

  async #vary(job) {
    try {
      this.store.put(await api.vary(job.id));
      this.dialog.close();
    } catch (error) {
      const place = this.dialog.querySelector(".error");
      place.textContent = error.message;
      place.hidden = false;
    }
  }

  #settings(job) {
    const rows = Object.entries(job.settings ?? {}).filter(([, value]) => value !== null && typeof value !== "object");
    return el("details", {}, el("summary", {}, "How it was made"),
      el("dl", {}, rows.flatMap(([name, value]) => [el("dt", {}, name.replaceAll("_", " ")), el("dd", {}, String(value))])));
  }

  #end() {
    this.timeline?.stop();
    this.timeline = null;
    this.dialog.querySelector("video")?.pause();
    this.dialog.replaceChildren();
  }
}
