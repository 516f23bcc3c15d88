/** An answer of the server that is a refusal, with its reason. */
export class Refusal extends Error {
  constructor(status, body) {
    super(body?.error?.message ?? `The server answered with status ${status}.`);
    this.status = status;
    this.code = body?.error?.code ?? "";
    this.field = body?.error?.field ?? "";
  }
}

/** The server could not be reached at all. */
export class Unreachable extends Error {
  constructor() { super("The server does not answer."); }
}

let askForToken = async () => false;
/** What to do where the server wants a token; it returns true when there is one now. */
export function onUnauthorized(handler) { askForToken = handler; }

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (response.status === 401 && path !== "/api/v1/session") {
    if (await askForToken()) return request(path, options);
  }
  if (response.status === 204) return null;
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, body);
  return body;
}

const send = (method, path, body, signal) =>
  request(path, {
    method, signal,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

const job = (id) => `/api/v1/jobs/${encodeURIComponent(id)}`;

export const api = {
  model: () => request("/api/v1/model"),
  plan: (body, signal) => send("POST", "/api/v1/plan", body, signal),
  create: (body) => send("POST", "/api/v1/jobs", body),
  jobs: (query = {}) => {
    const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value != null));
    return request(`/api/v1/jobs?${parameters.toString().replaceAll("+", "%20")}`);
  },
  cancel: (id) => send("POST", `${job(id)}/cancel`),
  retry: (id) => send("POST", `${job(id)}/retry`),
  vary: (id) => send("POST", `${job(id)}/vary`),
  pin: (id, pinned) => send("PATCH", job(id), { pinned }),
  remove: (id) => send("DELETE", job(id)),
  json: (url) => request(url),
  session: (token) => send("POST", "/api/v1/session", { token }),

  /** Uploads one file; `progress` is called with 0…1. XMLHttpRequest, because fetch does not tell how far it is. */
  upload(file, progress, signal) {
    return new Promise((resolve, reject) => {
      const transfer = new XMLHttpRequest();
      transfer.open("POST", `/api/v1/uploads?name=${encodeURIComponent(file.name || "recording")}`);
      transfer.responseType = "json";
      transfer.setRequestHeader("Content-Type", file.type || "application/octet-stream");
      transfer.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total); };
      transfer.onerror = () => reject(new Unreachable());
      transfer.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      transfer.onload = () => {
        if (transfer.status >= 200 && transfer.status < 300) return resolve(transfer.response);
        const refusal = new Refusal(transfer.status, transfer.response);
        if (transfer.status !== 401) return reject(refusal);
        askForToken().then((isThere) => isThere ? resolve(this.upload(file, progress, signal)) : reject(refusal), reject);
      };
      signal?.addEventListener("abort", () => transfer.abort());
      transfer.send(file);
    });
  },
};
