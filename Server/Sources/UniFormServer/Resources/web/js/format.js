export const taskNames = {
  t2av: "Picture and sound from text",
  v2a: "Sound for a video",
  a2v: "Pictures for a sound",
  t2a: "Sound from text",
  t2v: "Pictures from text",
};

export const stageNames = {
  "encoding text": "Reading the prompt",
  "encoding condition": "Looking at what was given",
  denoising: "Denoising",
  "decoding video": "Drawing the pictures",
  "decoding audio": "Making the spectrogram",
  vocoding: "Making the sound",
  writing: "Writing the files",
};

/** "0.8 s", "42 s", "3 min 05 s", "2 h 10 min" */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 9.95) return `${Math.max(0.1, seconds).toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) { count /= 1000; unit += 1; }
  return `${unit > 0 && count < 10 ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
}

export function moment(text) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return "";
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** What a clip is called: its prompt, or what it was made for. */
export function title(job) {
  const prompt = (job.request.prompt ?? "").trim();
  return prompt || job.request.input?.name || "without text";
}
