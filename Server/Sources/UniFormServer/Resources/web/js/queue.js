import { api } from "./api.js";
import { byID, el, reconcile } from "./dom.js";
import { duration, stageNames, taskNames, title } from "./format.js";

/** What is running and what waits. */
export class Queue {
  constructor(store, showError) {
    this.store = store;
    this.showError = showError;
    store.addEventListener("change", () => this.draw());
  }

  draw() {
    const active = this.store.active;
    byID("queue-panel").hidden = active.length === 0;
    reconcile(byID("queue"), active, (job) => job.id, (job) => this.#make(job), (item, job) => this.#update(item, job));
  }

  #make(job) {
    return el("li", { className: "work" },
      el("img", { className: "preview", hidden: true }),
      el("div", { className: "work-text" },
        el("p", { className: "work-title" }, title(job)),
        el("p", { className: "hint stage" }),
        el("progress", { max: 1, "aria-label": `Progress of ${title(job)}` })),
      el("button", {
        type: "button", className: "cancel", "aria-label": `Cancel ${title(job)}`,
        onclick: async (event) => {
          const button = event.currentTarget;
          button.disabled = true;
          try { this.store.put(await api.cancel(job.id)); } catch (error) { this.showError("", error.message); button.disabled = false; }
        },
      }, "Cancel"));
  }

  #update(item, job) {
    const { progress } = job;
    const bar = item.querySelector("progress");
    const parts = [taskNames[job.task]];
    if (job.status === "queued") {
      bar.removeAttribute("value");
      bar.hidden = true;
      parts.push(job.position > 1 ? `number ${job.position} in line` : "next in line");
    } else {
      bar.hidden = false;
      if (progress?.steps) bar.value = progress.step / progress.steps;
      else bar.removeAttribute("value");
      if (progress) {
        parts.push(stageNames[progress.stage] ?? progress.stage);
        if (progress.steps > 1) parts.push(`${progress.step} of ${progress.steps}`);
        if (progress.rate) parts.push(progress.rate >= 1 ? `${progress.rate.toFixed(1)} steps/s` : `${duration(1 / progress.rate)} a step`);
        if (progress.seconds_left != null) parts.push(`${duration(progress.seconds_left)} left`);
      } else {
        parts.push("starting");
      }
    }
    item.querySelector(".stage").textContent = parts.join(" · ");
    this.#preview(item.querySelector(".preview"), job);
  }

  /** What the clip is about to become; the last picture stays until the next one is there. */
  #preview(picture, job) {
    const url = job.progress?.preview_url;
    if (!url || picture.dataset.url === url) {
      if (!url && job.status === "queued") picture.hidden = true;
      return;
    }
    picture.dataset.url = url;
    const next = new Image();
    next.onload = () => {
      if (picture.dataset.url !== url) return;
      picture.src = next.src;
      picture.alt = `Preview of ${title(job)}: frames above the spectrogram`;
      picture.hidden = false;
    };
    next.src = url;
  }
}
