// A judge's presses: kept on the tablet first, then sent, each once, and those of one team in their order.
import { newKey } from "./keys.js";

const TIMEOUT_MS = 10_000;
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

// A run of a team may depend on its earlier one: an attempt is free again once its rerun is with the lab.
const teamOf = ({ run, entry }) => entry ?? run;

// state: kept (on this tablet), sending, refused (stops its run, and runs of its team to be opened after it,
// until the judge decides).
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

  // The run of the same team whose refused press keeps this one from being opened; null if there is none.
  holding(run) {
    const [mine] = this.of(run);
    if (mine?.kind !== "open_run" || mine.state === "refused") return null;
    const before = this.#writes.slice(0, this.#writes.indexOf(mine));
    return before.find((write) => write.state === "refused" && teamOf(write) === teamOf(mine))?.run ?? null;
  }

  // Resolves when the press is safe on the tablet; sending goes on by itself.
  async press({ run, entry }, kind, payload, seen = null) {
    const write = { key: newKey(), slug: this.#slug, by: this.#account, run, entry, kind, payload, seen, made_at_us: Date.now() * 1000, state: "kept", problem: null };
    write.id = await this.#store.addWrite(write);
    this.#writes.push(write);
    this.#changed();
    this.#pump(teamOf(write));
  }

  // The judge gives up the refused press and those that waited behind it.
  async discard(run) {
    const dropped = this.of(run);
    await this.#store.dropWrites(dropped.map((write) => write.id));
    this.#writes = this.#writes.filter((write) => !dropped.includes(write));
    this.#changed();
    this.flush();
  }

  async retry(run) {
    for (const write of this.of(run)) if (write.state === "refused") await this.#mark(write, "kept", null);
    this.flush();
  }

  flush() {
    clearTimeout(this.#timer);
    for (const team of new Set(this.#writes.map(teamOf))) this.#pump(team);
  }

  async #pump(team) {
    if (this.#busy.has(team)) return;
    this.#busy.add(team);
    const through = await this.#alone(team, () => this.#sendAll(team)).finally(() => this.#busy.delete(team));
    if (through && this.#next(team)) this.#pump(team); // pressed while the lock was given back
  }

  // A run that the lab knows already waits for no other: it may be what the refused one is waiting for.
  #next(team) {
    const held = new Set();
    for (const write of this.#writes.filter((each) => teamOf(each) === team)) {
      if (held.has(write.run)) continue;
      if (write.state !== "refused" && (!held.size || write.kind !== "open_run")) return write;
      held.add(write.run);
    }
    return null;
  }

  // With two tabs open one of them sends; where locks are missing, the key still keeps each press single.
  #alone(team, work) {
    return navigator.locks ? navigator.locks.request(`lab-team-${this.#slug}-${team}`, work) : work();
  }

  // Whether the lab has answered to all that could be sent.
  async #sendAll(team) {
    for (let write = this.#next(team); write; write = this.#next(team)) {
      if (!(await this.#send(write))) return false;
    }
    return true;
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
    return !later;
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
