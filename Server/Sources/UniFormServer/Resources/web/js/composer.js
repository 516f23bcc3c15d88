import { api } from "./api.js";
import { announce, byID } from "./dom.js";
import { bytes, duration, taskNames } from "./format.js";
import { GivenFile } from "./input.js";

const numbers = ["seconds", "steps", "guidance", "seed", "start", "condition_guidance"];
const texts = ["prompt", "sampler", "size", "negative_prompt", "fit", "only", "negative_condition"];

/** The form that says what to make. */
export class Composer {
  constructor(store) {
    this.store = store;
    this.form = byID("composer");
    this.given = new GivenFile((field, message) => this.showError(field, message));
    this.given.addEventListener("change", () => this.#update());
    this.form.addEventListener("input", (event) => {
      if (event.target.name) this.showError(event.target.name, "");
      this.#update();
    });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.submit(); }
    });
    byID("dice").addEventListener("click", () => {
      this.form.elements.seed.value = crypto.getRandomValues(new Uint32Array(1))[0];
      this.#update();
    });
    byID("reset").addEventListener("click", () => {
      for (const name of [...numbers, "size", "negative_prompt"]) this.form.elements[name].value = "";
      this.form.elements.sampler.selectedIndex = 0;
      for (const name of ["fit", "only", "negative_condition"]) this.form.elements[name].selectedIndex = 0;
      this.#clearErrors();
      this.#update();
    });
    this.#update();
  }

  /** Shows what the model does where a setting is left empty. */
  use(model) {
    const { defaults } = model;
    const elements = this.form.elements;
    elements.seconds.placeholder = defaults.seconds;
    elements.steps.placeholder = defaults.steps;
    elements.guidance.placeholder = defaults.guidance;
    elements.start.placeholder = 0;
    elements.size.placeholder = `${defaults.width}x${defaults.height}`;
    elements.sampler.replaceChildren(...defaults.samplers.map((name, index) => new Option(name, index === 0 ? "" : name)));
    const example = model.examples?.[0]?.prompt;
    if (example) elements.prompt.placeholder = `${example[0].toUpperCase()}${example.slice(1)} …`;
    for (const name of ["seconds", "steps"]) [elements[name].min, elements[name].max] = model.limits[name];
    elements.prompt.maxLength = model.limits.prompt_characters;
    this.given.maximumBytes = model.server.upload_bytes;
    this.isReady = true;
    this.#update();
  }

  /** What the server is asked for: only what was filled in. */
  get request() {
    const request = {};
    for (const name of texts) {
      const value = this.form.elements[name].value.trim();
      if (value !== "") request[name] = value;
    }
    for (const name of numbers) {
      const value = this.form.elements[name].value;
      if (value !== "") request[name] = Number(value);
    }
    if (/^\d+$/.test(request.size)) request.size = `${request.size}x${request.size}`;
    if (this.given.upload) {
      request.upload = this.given.upload.id;
      delete request.only;
    } else {
      delete request.start;
      delete request.condition_guidance;
    }
    if (request.condition_guidance === undefined) delete request.negative_condition;
    if (this.given.upload?.kind !== "video") delete request.fit;
    return request;
  }

  get task() {
    const kind = this.given.upload?.kind;
    if (kind) return kind === "video" ? "v2a" : "a2v";
    return { audio: "t2a", video: "t2v" }[this.form.elements.only.value] ?? "t2av";
  }

  /** Fills the form with the settings of an earlier clip. The seed comes along, the given file does not. */
  fill(job) {
    const { request, settings } = job;
    this.given.clear();
    const values = { ...request, seed: settings?.seed ?? request.seed };
    // The form knows no aspect, but the size that came of it.
    if (request.aspect && settings) values.size = `${settings.width}x${settings.height}`;
    for (const name of [...numbers, ...texts]) {
      const element = this.form.elements[name];
      element.value = values[name] ?? "";
      if (element.selectedIndex === -1) element.selectedIndex = 0; // a select: its default comes first, by any name
    }
    this.#clearErrors();
    this.#update();
    byID("more").open = true;
    byID("prompt").focus();
    byID("composer").scrollIntoView({ block: "start" });
    if (request.input) this.showError("upload", `Give ${request.input.name} again, or vary the clip instead: then it is kept.`);
  }

  async submit(request = this.request) {
    if (this.isSending || this.given.isUploading) return;
    this.#clearErrors();
    const problem = this.#problem(request);
    if (problem) return this.showError(problem.field, problem.message, true);
    this.isSending = true;
    this.#update();
    try {
      const job = await api.create(request);
      this.store.put(job);
      announce("The clip is queued.");
    } catch (error) {
      this.showError(error.field ?? "", error.message, true);
    } finally {
      this.isSending = false;
      this.#update();
    }
  }

  /** What can be said without asking the server. */
  #problem(request) {
    if (!request.prompt && !request.upload) {
      return { field: "prompt", message: "Say in words what to make, or give a video or a sound." };
    }
    if (request.negative_prompt && !request.prompt) {
      return { field: "negative_prompt", message: "This has no effect without a prompt." };
    }
    for (const name of numbers) {
      const element = this.form.elements[name];
      if (element.closest("[hidden]")) continue; // and not sent either
      if (element.validity.badInput) return { field: name, message: "This is not a number." };
      if (element.validity.rangeUnderflow) return { field: name, message: `At least ${element.min}.` };
      if (element.validity.rangeOverflow) return { field: name, message: `At most ${element.max}.` };
    }
    if (request.size && !/^\d+x\d+$/i.test(request.size)) {
      return { field: "size", message: "Write it as 96x64." };
    }
    return null;
  }

  /** Where the eye is: under the field that is meant, or above the button. */
  showError(field, message, focus = false) {
    let place = this.form.querySelector(`[data-error="${CSS.escape(field)}"]`);
    if (!place) {
      place = this.form.querySelector('[data-error=""]');
      if (message && field) message = `${field}: ${message}`;
    }
    if (place.textContent !== message) place.textContent = message; // said once
    place.hidden = !message;
    const element = this.form.elements[field];
    if (element instanceof HTMLElement) {
      if (message) element.setAttribute("aria-invalid", "true");
      else element.removeAttribute("aria-invalid");
      if (message && focus) {
        if (byID("more").contains(element)) byID("more").open = true;
        element.focus();
      }
    }
  }

  #clearErrors() {
    for (const place of this.form.querySelectorAll("[data-error]")) { place.hidden = true; place.textContent = ""; }
    for (const element of this.form.querySelectorAll("[aria-invalid]")) element.removeAttribute("aria-invalid");
  }

  #update() {
    const { upload, isUploading } = this.given;
    byID("task-name").textContent = taskNames[this.task];
    byID("task-hint").textContent = {
      t2av: "", t2a: "Good only from a model that was trained for it.", t2v: "Good only from a model that was trained for it.",
      v2a: "The pictures stay as they are. Words are optional.", a2v: "The sound stays as it is. Words are optional.",
    }[this.task];
    for (const element of this.form.querySelectorAll("[data-needs-input]")) element.hidden = !upload;
    for (const element of this.form.querySelectorAll("[data-needs-text-alone]")) element.hidden = Boolean(upload);
    for (const element of this.form.querySelectorAll("[data-needs-video]")) element.hidden = upload?.kind !== "video";
    const button = byID("submit");
    button.disabled = !this.isReady || this.isSending || isUploading;
    button.textContent = isUploading ? "Uploading…" : this.isSending ? "Sending…" : { t2av: "Make clip", v2a: "Make sound", a2v: "Make pictures", t2a: "Make sound", t2v: "Make pictures" }[this.task];
    clearTimeout(this.planning);
    this.planning = setTimeout(() => this.#plan(), 300);
  }

  /** The expected time and memory of what the form says now. */
  async #plan() {
    const request = this.request;
    this.planRequest?.abort();
    if (!this.isReady || (!request.prompt && !request.upload) || this.#problem(request)) {
      byID("plan").textContent = "";
      return;
    }
    const asked = (this.planRequest = new AbortController());
    try {
      const plan = await api.plan(request, asked.signal);
      const waiting = this.store.active.length;
      byID("plan").textContent = `About ${duration(plan.seconds)}, ${bytes(plan.peak_bytes)} of memory`
        + (waiting ? `, after ${waiting} other${waiting === 1 ? "" : "s"}` : "");
    } catch (error) {
      if (error.name === "AbortError") return;
      byID("plan").textContent = error.field ? "" : error.message;
      if (error.field) this.showError(error.field, error.message);
    }
  }
}
