import { api, onUnauthorized } from "./api.js";
import { announce, byID, el } from "./dom.js";
import { title } from "./format.js";
import { Composer } from "./composer.js";
import { Comparison } from "./compare.js";
import { Gallery } from "./gallery.js";
import { Queue } from "./queue.js";
import { Store } from "./store.js";
import { Viewer } from "./viewer.js";

function followTheme() {
  const stored = localStorage.getItem("theme");
  if (stored) document.documentElement.dataset.theme = stored;
  byID("theme").addEventListener("click", () => {
    const isDark = (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const theme = isDark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  });
}

/** Asks for the token once, however many requests wait for it. */
function tokenDialog() {
  let asking = null;
  return () => (asking ??= new Promise((resolve) => {
    const dialog = byID("login");
    dialog.oncancel = (event) => event.preventDefault();
    dialog.onclose = () => { if (asking) dialog.showModal(); }; // browsers let a second Escape close it all the same
    byID("login-form").onsubmit = async (event) => {
      event.preventDefault();
      try {
        await api.session(byID("token").value);
        asking = null;
        dialog.close();
        resolve(true);
      } catch (error) {
        byID("login-error").textContent = error.message;
        byID("login-error").hidden = false;
      }
    };
    byID("login-form").reset();
    byID("login-error").hidden = true;
    byID("offline").hidden = true; // it does answer
    dialog.showModal();
  }));
}

function showModel(model) {
  byID("model").textContent = `${model.model} on ${model.device}`;
  byID("model").title = `${model.dtype}, weights ${model.weights}`;
}

function showExamples(model, composer) {
  const examples = model.examples ?? [];
  const first = examples[0]?.prompt ?? "a bell ringing";
  byID("first").textContent = `Make “${first}”`;
  byID("first").onclick = () => {
    composer.form.elements.prompt.value = first;
    composer.submit();
  };
  byID("examples").replaceChildren(...examples.slice(1).map(({ prompt }) =>
    el("li", {}, el("button", { type: "button", className: "quiet", onclick: () => {
      composer.form.elements.prompt.value = prompt;
      composer.form.dispatchEvent(new Event("input"));
      byID("prompt").focus();
    } }, prompt))));
}

/** The model is known once a worker has opened it, which may take a while. */
async function model() {
  for (let pause = 500; ; pause = Math.min(pause * 1.5, 5000)) {
    try {
      return await api.model();
    } catch (error) {
      byID("model").textContent = error.status === 503 ? "The model is loading…" : error.message;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

followTheme();
onUnauthorized(tokenDialog());
const store = new Store();
const composer = new Composer(store);
const viewer = new Viewer(store, { fill: (job) => composer.fill(job) });
const comparison = new Comparison();
const showError = (field, message) => composer.showError(field, message);
const queue = new Queue(store, showError);
const gallery = new Gallery(store, {
  open: (job) => viewer.open(job), compare: (jobs) => comparison.open(jobs), showError,
});
store.addEventListener("status", ({ detail: job }) => {
  if (job.status === "succeeded") announce(`${title(job)} is finished.`);
  if (job.status === "failed") announce(`${title(job)} failed: ${job.error?.message ?? ""}`);
});

const known = await model();
showModel(known);
composer.use(known);
showExamples(known, composer);
store.listen((isConnected) => { byID("offline").hidden = isConnected; });
await store.refresh().catch(() => {});
queue.draw();
gallery.draw();
