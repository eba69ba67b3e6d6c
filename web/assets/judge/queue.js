// A judge's presses: kept on the tablet first, then sent, each once and in order within its run.
import { newKey } from "./keys.js";

const TIMEOUT_MS = 10_000;
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

// state: kept (on this tablet), sending, refused (stops its run until the judge decides).
export class WriteQueue extends EventTarget {
  #store;
  #slug;
  #account;
  #writes = [];
  #foreign = [];
  #busy = new Set();
  #tries = 0;
  #timer = 0;
  signedOut = false;
  reachable = true;

  // `account` ({id, name}): presses are sent as those of the judge who made them, and of nobody else.
  constructor(store, slug, account) {
    super();
    this.#store = store;
    this.#slug = slug;
    this.#account = account;
  }

  async start() {
    const all = (await this.#store.listWrites()).filter((write) => write.slug === this.#slug);
    this.#writes = all.filter((write) => this.#isOwn(write));
    this.#foreign = all.filter((write) => !this.#isOwn(write));
    for (const write of this.#writes) if (write.state === "sending") write.state = "kept";
    addEventListener("online", () => this.flush());
    this.#changed();
    this.flush();
  }

  #isOwn({ by }) {
    return !by || by.id === this.#account.id;
  }

  get writes() {
    return [...this.#writes];
  }

  // What other judges pressed on this tablet and the lab does not have: [name, count] of each.
  get foreign() {
    const counts = new Map();
    for (const { by } of this.#foreign) counts.set(by.name, (counts.get(by.name) ?? 0) + 1);
    return [...counts];
  }

  get size() {
    return this.#writes.length;
  }

  get stopped() {
    return this.#writes.some((write) => write.state === "refused");
  }

  of(run) {
    return this.#writes.filter((write) => write.run === run);
  }

  // Resolves when the press is safe on the tablet; sending goes on by itself.
  async press(run, kind, payload, seen = null) {
    const write = { key: newKey(), slug: this.#slug, by: this.#account, run, kind, payload, seen, made_at_us: Date.now() * 1000, state: "kept", problem: null };
    write.id = await this.#store.addWrite(write);
    this.#writes.push(write);
    this.#changed();
    this.#pump(run);
  }

  // The judge gives up the refused press and those that waited behind it.
  async discard(run) {
    const ids = this.of(run).map((write) => write.id);
    await this.#store.dropWrites(ids);
    this.#writes = this.#writes.filter((write) => !ids.includes(write.id));
    this.#changed();
  }

  async retry(run) {
    for (const write of this.of(run)) if (write.state === "refused") await this.#mark(write, "kept", null);
    this.#pump(run);
  }

  flush() {
    clearTimeout(this.#timer);
    for (const run of new Set(this.#writes.map((write) => write.run))) this.#pump(run);
  }

  #pump(run) {
    if (this.#busy.has(run)) return;
    this.#busy.add(run);
    this.#alone(run, () => this.#sendAll(run)).finally(() => this.#busy.delete(run));
  }

  // With two tabs open one of them sends; where locks are missing, the key still keeps each press single.
  #alone(run, work) {
    return navigator.locks ? navigator.locks.request(`lab-run-${run}`, work) : work();
  }

  async #sendAll(run) {
    for (let write = this.of(run)[0]; write && write.state !== "refused"; write = this.of(run)[0]) {
      if (!(await this.#send(write))) return;
    }
  }

  async #send(write) {
    await this.#mark(write, "sending", null);
    let response;
    let body;
    try {
      response = await this.#post(write);
      body = await response.json();
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError)) throw error;
      response = null;
    }
    this.reachable = response !== null && response.status < 500;
    this.signedOut = response?.status === 401;
    if (response?.ok) {
      this.#tries = 0;
      await this.#store.dropWrites([write.id]);
      this.#writes = this.#writes.filter((each) => each.id !== write.id);
      this.dispatchEvent(new CustomEvent("saved", { detail: { write, view: body.run } }));
      this.#changed();
      return true;
    }
    const later = !response || response.status >= 500 || [401, 408, 429].includes(response.status);
    await this.#mark(write, later ? "kept" : "refused", later ? null : { status: response.status, code: body.code, detail: body.detail });
    if (later) this.#again(Number(response?.headers.get("Retry-After")) * 1000);
    return false;
  }

  #post(write) {
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), TIMEOUT_MS);
    const path = `/api/v1/championships/${encodeURIComponent(write.slug)}/runs/${encodeURIComponent(write.run)}/commands`;
    return fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": write.key },
      body: JSON.stringify({ kind: write.kind, payload: write.payload, made_at_us: write.made_at_us, seen: write.seen, by: write.by?.id ?? this.#account.id }),
      signal: control.signal,
    }).finally(() => clearTimeout(timer));
  }

  async #mark(write, state, problem) {
    Object.assign(write, { state, problem });
    await this.#store.putWrite(write);
    this.#changed();
  }

  #again(askedMs) {
    clearTimeout(this.#timer);
    const wait = Math.max(askedMs || 0, WAITS_MS[Math.min(this.#tries++, WAITS_MS.length - 1)]);
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
