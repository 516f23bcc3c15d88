import { api } from "./api.js";
import { byID, el } from "./dom.js";
import { title } from "./format.js";
import { Timeline } from "./timeline.js";

/** Two clips in step: one time for both, the sound of one of them. */
export class Comparison {
  constructor() {
    this.dialog = byID("comparison");
    this.dialog.addEventListener("close", () => this.#end());
  }

  async open([a, b]) {
    this.#end();
    const sides = [a, b].map((job, index) => ({
      job,
      video: el("video", { src: job.media.clip, playsInline: true, preload: "auto", muted: index === 1, "aria-label": title(job) }),
      canvas: el("canvas", { className: "timeline" }),
      hear: el("button", { type: "button", "aria-pressed": String(index === 0), onclick: () => hear(index) }, index === 0 ? "Hear A" : "Hear B"),
    }));
    const hear = (chosen) => sides.forEach((side, index) => {
      side.video.muted = index !== chosen;
      side.hear.setAttribute("aria-pressed", String(index === chosen));
    });
    const [first, second] = sides.map((side) => side.video);
    const play = el("button", { type: "button", className: "primary", onclick: () => toggle() }, "Play");
    const toggle = () => (first.paused ? Promise.all([first.play(), second.play()]).catch(() => {}) : (first.pause(), second.pause()));
    const follow = () => {
      if (Math.abs(second.currentTime - first.currentTime) > 0.06) second.currentTime = first.currentTime;
    };
    first.addEventListener("play", () => { play.textContent = "Pause"; second.play().catch(() => {}); });
    first.addEventListener("pause", () => { play.textContent = "Play"; second.pause(); follow(); });
    first.addEventListener("ended", () => { first.currentTime = 0; second.currentTime = 0; first.play().catch(() => {}); });
    first.addEventListener("timeupdate", follow);
    first.addEventListener("seeked", follow);
    this.dialog.replaceChildren(el("article", {},
      el("div", { className: "row spread" },
        el("h2", { id: "comparison-title" }, "A and B in step"),
        el("button", { type: "button", className: "quiet", "aria-label": "Close", onclick: () => this.dialog.close() }, "✕")),
      el("div", { className: "sides" }, sides.map((side, index) => el("section", { "aria-label": index === 0 ? "A" : "B" },
        side.video, side.canvas, el("p", {}, el("strong", {}, index === 0 ? "A " : "B "), title(side.job),
          el("span", { className: "hint" }, ` · seed ${side.job.settings?.seed ?? ""}`)), side.hear))),
      el("div", { className: "row" }, play)));
    this.dialog.showModal();
    this.timelines = [];
    await Promise.all(sides.map(async (side) => {
      const peaks = side.job.media.peaks ? await api.json(side.job.media.peaks).catch(() => null) : null;
      // Both axes show and set the time that both clips share.
      if (peaks && side.canvas.isConnected) this.timelines.push(new Timeline(side.canvas, first, peaks));
      else side.canvas.hidden = true;
    }));
  }

  #end() {
    for (const timeline of this.timelines ?? []) timeline.stop();
    this.timelines = [];
    for (const video of this.dialog.querySelectorAll("video")) video.pause();
    this.dialog.replaceChildren();
  }
}
