import { api } from "./api.js";
import { announce, byID, el, reconcile } from "./dom.js";
import { moment, taskNames, title } from "./format.js";

/** All clips that are finished, failed or cancelled. */
export class Gallery {
  chosen = [];

  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
    store.addEventListener("change", () => this.draw());
    for (const id of ["search", "filter-task", "filter-pinned"]) {
      byID(id).addEventListener("input", () => { this.draw(); this.#ask(); });
    }
    byID("load-more").addEventListener("click", () => this.#try(() => store.older()));
    byID("compare-clear").addEventListener("click", () => { this.chosen = []; this.draw(); });
    byID("compare-open").addEventListener("click", () => actions.compare(this.chosen.map((id) => store.jobs.get(id))));
  }

  get #filter() {
    return {
      search: byID("search").value.trim().toLowerCase(),
      task: byID("filter-task").value,
      pinned: byID("filter-pinned").checked,
    };
  }

  /** Asks the server, too: what matches may be older than what this page knows. */
  #ask() {
    clearTimeout(this.asking);
    const { search, task, pinned } = this.#filter;
    if (!search && !task && !pinned) return;
    this.asking = setTimeout(() => this.store.refresh({ search, task, pinned: pinned || "" }).catch(() => {}), 250);
  }

  draw() {
    const { search, task, pinned } = this.#filter;
    const ended = this.store.all.filter((job) => !["queued", "running"].includes(job.status));
    const shown = ended.filter((job) =>
      (!search || title(job).toLowerCase().includes(search)) && (!task || job.task === task) && (!pinned || job.pinned));
    this.chosen = this.chosen.filter((id) => this.store.jobs.has(id));
    reconcile(byID("gallery"), shown, (job) => job.id, (job) => this.#make(job), (item, job) => this.#update(item, job));
    const isEmpty = this.store.isLoaded && this.store.jobs.size === 0;
    byID("empty").hidden = !isEmpty;
    byID("no-match").hidden = !(ended.length > 0 && shown.length === 0);
    byID("load-more").hidden = !this.store.cursor;
    byID("compare-bar").hidden = this.chosen.length === 0;
    byID("compare-text").textContent = this.chosen.length === 1 ? "One clip chosen; choose another to compare." : "Two clips chosen.";
    byID("compare-open").hidden = this.chosen.length !== 2;
  }

  async #try(work) {
    try { await work(); } catch (error) { this.actions.showError("", error.message); }
  }

  #make(job) {
    const name = title(job);
    const open = () => this.actions.open(this.store.jobs.get(job.id));
    return el("li", { className: "clip" },
      el("button", { type: "button", className: "thumb", onclick: open, "aria-label": `Open ${name}` },
        el("img", { alt: "", loading: "lazy", hidden: true }), el("span", { className: "state" })),
      el("p", { className: "clip-title" }, name),
      el("p", { className: "hint facts" }),
      el("p", { className: "error", hidden: true }),
      el("div", { className: "row actions" },
        el("button", { type: "button", className: "quiet pin", onclick: () => this.#try(async () => {
          const now = this.store.jobs.get(job.id);
          this.store.put(await api.pin(job.id, !now.pinned));
        }) }),
        el("label", { className: "check choose" },
          el("input", { type: "checkbox", onchange: (event) => this.#choose(job.id, event.target.checked) }), "compare"),
        el("button", { type: "button", className: "quiet retry", hidden: true, onclick: () => this.#try(async () => this.store.put(await api.retry(job.id))) }, "Retry"),
        el("button", { type: "button", className: "quiet delete", "aria-label": `Delete ${name}`, onclick: (event) => this.#delete(job, event.currentTarget) }, "Delete")));
  }

  /** A second click within a few seconds deletes: no dialog, and no clip lost to a slip. */
  #delete(job, button) {
    if (button.dataset.sure) {
      return this.#try(async () => { await api.remove(job.id); this.store.drop(job.id); announce("Deleted."); });
    }
    const name = title(job);
    const show = (text) => { button.textContent = text; button.setAttribute("aria-label", `${text} ${name}`); };
    button.dataset.sure = "yes";
    show("Really delete?");
    announce(`Press again to delete ${name}.`);
    setTimeout(() => { delete button.dataset.sure; show("Delete"); }, 4000);
  }

  #choose(id, isChosen) {
    this.chosen = this.chosen.filter((other) => other !== id);
    if (isChosen) this.chosen = [...this.chosen.slice(-1), id];
    this.draw();
  }

  #update(item, job) {
    const didSucceed = job.status === "succeeded";
    const picture = item.querySelector(".thumb img");
    if (didSucceed && job.media.sheet && picture.getAttribute("src") !== job.media.sheet) {
      picture.src = job.media.sheet;
      picture.hidden = false;
    }
    item.querySelector(".thumb").disabled = !didSucceed;
    item.querySelector(".state").textContent = didSucceed ? (job.media.sheet ? "" : "Sound alone") : { failed: "Failed", cancelled: "Cancelled" }[job.status] ?? "";
    const facts = [taskNames[job.task], moment(job.finished_at ?? job.created_at)];
    if (job.settings?.seed !== undefined) facts.push(`seed ${job.settings.seed}`);
    item.querySelector(".facts").textContent = facts.join(" · ");
    const error = item.querySelector(".error");
    error.hidden = job.status !== "failed";
    error.textContent = job.error?.message ?? "";
    const pin = item.querySelector(".pin");
    pin.textContent = job.pinned ? "★ Pinned" : "☆ Pin";
    pin.setAttribute("aria-pressed", String(job.pinned));
    item.querySelector(".choose").hidden = !didSucceed;
    item.querySelector(".choose input").checked = this.chosen.includes(job.id);
    item.querySelector(".retry").hidden = didSucceed;
  }
}
