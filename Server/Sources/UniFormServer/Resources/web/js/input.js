import { api } from "./api.js";
import { byID, el, announce } from "./dom.js";
import { bytes, duration } from "./format.js";

/** The file a clip is made for: dropped, chosen or recorded, and uploaded at once. */
export class GivenFile extends EventTarget {
  /** What the server said about it; null without one. */
  upload = null;
  isUploading = false;
  maximumBytes = Infinity;

  constructor(showError) {
    super();
    this.showError = showError;
    const drop = byID("drop");
    byID("file").addEventListener("change", (event) => {
      if (event.target.files[0]) this.take(event.target.files[0]);
      event.target.value = "";
    });
    for (const name of ["dragenter", "dragover"]) {
      drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
    }
    for (const name of ["dragleave", "drop"]) {
      drop.addEventListener(name, () => drop.classList.remove("over"));
    }
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      const files = event.dataTransfer.files;
      if (files.length > 1) this.showError("upload", "Drop one file: a video or a sound.");
      else if (files[0]) this.take(files[0]);
    });
    // A file dropped beside the place for it must not replace the page.
    for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
    const record = byID("record");
    record.hidden = !navigator.mediaDevices || typeof MediaRecorder === "undefined";
    record.addEventListener("click", () => this.#record());
  }

  async take(file) {
    this.showError("upload", "");
    if (file.size > this.maximumBytes) {
      return this.showError("upload", `${file.name} has ${bytes(file.size)}; this server takes ${bytes(this.maximumBytes)} at most.`);
    }
    this.clear();
    this.isUploading = true;
    this.dispatchEvent(new Event("change"));
    const bar = byID("upload-progress");
    bar.value = 0;
    bar.hidden = false;
    const transfer = (this.transfer = new AbortController());
    try {
      const upload = await api.upload(file, (share) => { bar.value = share; }, transfer.signal);
      if (transfer.signal.aborted) return;
      this.upload = { ...upload, name: upload.name ?? file.name };
      this.#show(file);
      announce(`${this.upload.name} is uploaded.`);
    } catch (error) {
      if (error.name !== "AbortError") this.showError("upload", `${file.name || "The recording"}: ${error.message}`);
    } finally {
      if (this.transfer === transfer) {
        bar.hidden = true;
        this.isUploading = false;
        this.dispatchEvent(new Event("change"));
      }
    }
  }

  clear() {
    this.transfer?.abort();
    this.upload = null;
    this.isUploading = false;
    byID("upload-progress").hidden = true;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    byID("given").hidden = true;
    byID("given").replaceChildren();
    byID("drop-text").hidden = false;
    this.dispatchEvent(new Event("change"));
  }

  #show(file) {
    const { kind, seconds, name, width, height, has_sound: hasSound } = this.upload;
    this.url = URL.createObjectURL(file);
    const media = el(kind === "video" ? "video" : "audio", {
      src: this.url, controls: true, muted: kind === "video", playsInline: true, preload: "metadata",
      "aria-label": name,
    });
    const facts = [
      duration(seconds), kind === "video" ? `${width}×${height}` : null,
      kind === "video" && hasSound ? "its sound will be replaced" : null,
    ];
    byID("given").replaceChildren(
      media,
      el("div", { className: "row spread" },
        el("p", {}, el("strong", {}, name), " ", el("span", { className: "hint" }, facts.filter(Boolean).join(" · "))),
        el("button", { type: "button", className: "quiet", onclick: () => { this.clear(); byID("prompt").focus(); } }, "Remove")));
    byID("given").hidden = false;
    byID("drop-text").hidden = true;
  }

  async #record() {
    const button = byID("record");
    if (this.recorder) return this.recorder.stop();
    this.showError("upload", "");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      return this.showError("upload", error.name === "NotAllowedError"
        ? "The browser does not let this page use the microphone." : "There is no microphone to record from.");
    }
    const recorder = (this.recorder = new MediaRecorder(stream));
    const pieces = [];
    const began = Date.now();
    const clock = setInterval(() => {
      const seconds = (Date.now() - began) / 1000;
      button.textContent = `Stop (${seconds.toFixed(0)} s)`;
      if (seconds >= 10) recorder.stop();
    }, 200);
    button.textContent = "Stop";
    button.classList.add("recording");
    recorder.ondataavailable = (event) => pieces.push(event.data);
    recorder.onstop = () => {
      clearInterval(clock);
      for (const track of stream.getTracks()) track.stop();
      this.recorder = null;
      button.textContent = "Record sound";
      button.classList.remove("recording");
      const type = recorder.mimeType || "audio/webm";
      const ending = type.includes("mp4") ? "m4a" : type.includes("ogg") ? "ogg" : "webm";
      this.take(new File(pieces, `recording.${ending}`, { type }));
    };
    recorder.start();
  }
}
