import { api } from "./api.js";

/** All jobs this page knows, kept up to date by the server's events. */
export class Store extends EventTarget {
  jobs = new Map();
  cursor = null;
  isLoaded = false;
  #deleted = new Set();

  #changed() { this.dispatchEvent(new Event("change")); }

  /** Answers and events overtake each other: whether this is no older than what is known. */
  #take(job) {
    if (this.#deleted.has(job.id) || this.jobs.get(job.id)?.revision > job.revision) return false;
    this.jobs.set(job.id, job);
    return true;
  }

  put(job) {
    const before = this.jobs.get(job.id);
    if (!this.#take(job)) return;
    if (before && before.status !== job.status) {
      this.dispatchEvent(new CustomEvent("status", { detail: job }));
    }
    this.#changed();
  }

  drop(id) {
    this.#deleted.add(id);
    if (this.jobs.delete(id)) this.#changed();
  }

  /** The newest jobs; what is known already and not among them stays. */
  async refresh(query = {}) {
    const unlisted = new Set(this.jobs.keys());
    const page = await api.jobs({ limit: 50, ...query });
    for (const job of page.jobs) this.#take(job);
    if (Object.keys(query).length === 0) {
      this.cursor = page.next;
      // Jobs that others deleted while this page did not listen; what came since it asked was made meanwhile.
      const oldest = page.jobs.at(-1);
      for (const job of page.jobs) unlisted.delete(job.id);
      for (const job of this.jobs.values()) {
        if (unlisted.has(job.id) && (!page.next || (oldest && job.created_at > oldest.created_at))) this.jobs.delete(job.id);
      }
    }
    this.isLoaded = true;
    this.#changed();
    return page;
  }

  async older() {
    if (!this.cursor) return;
    const page = await api.jobs({ limit: 50, cursor: this.cursor });
    this.cursor = page.next;
    for (const job of page.jobs) this.#take(job);
    this.#changed();
  }

  /** Newest first. */
  get all() {
    return [...this.jobs.values()].sort((a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id));
  }

  /** In the order in which they run. */
  get active() {
    const order = (job) => (job.status === "running" ? -1 : job.position ?? Infinity);
    return this.all
      .filter((job) => job.status === "running" || job.status === "queued")
      .sort((a, b) => order(a) - order(b) || a.created_at.localeCompare(b.created_at));
  }

  /** Listens for as long as the page lives; `connected` is told about the connection. */
  listen(connected) {
    let source;
    let pause = 500;
    const open = () => {
      source = new EventSource("/api/v1/events");
      source.onopen = () => {
        pause = 500;
        connected(true);
        this.refresh().catch(() => {});
      };
      source.addEventListener("job", (event) => this.put(JSON.parse(event.data)));
      source.addEventListener("deleted", (event) => this.drop(JSON.parse(event.data).id));
      source.onerror = async () => {
        if (source.readyState !== EventSource.CLOSED) return connected(false);
        // A refusal comes without its reason here; a request learns it, and asks for the token where one is wanted.
        connected(await this.refresh().then(() => true, () => false));
        setTimeout(open, pause);
        pause = Math.min(2 * pause, 10_000);
      };
    };
    open();
  }
}
