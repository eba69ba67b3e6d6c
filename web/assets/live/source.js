// One stream: a snapshot, then changes. Each comes as an event of its name and as a `state`.
// Returns by itself; says since when the line is dead.
const SILENCE_MS = 40_000;
const LONGEST_WAIT_MS = 15_000;

export class LiveSource extends EventTarget {
  #url;
  #events;
  #source = null;
  #tries = 0;
  #retry = 0;
  #watchdog = 0;
  connected = false;
  lastHeard = 0;

  constructor(url, ...changeEvents) {
    super();
    this.#url = url;
    this.#events = ["snapshot", ...changeEvents];
  }

  open() {
    addEventListener("online", this.#again);
    addEventListener("offline", this.#lost);
    addEventListener("pageshow", this.#shown);
    addEventListener("pagehide", this.#hidden);
    this.#connect();
  }

  close() {
    removeEventListener("online", this.#again);
    removeEventListener("offline", this.#lost);
    removeEventListener("pageshow", this.#shown);
    removeEventListener("pagehide", this.#hidden);
    this.#drop();
  }

  #connect() {
    this.#drop();
    const source = (this.#source = new EventSource(this.#url));
    for (const name of this.#events) source.addEventListener(name, (event) => this.#heard(JSON.parse(event.data), name));
    source.addEventListener("beat", () => this.#heard());
    source.addEventListener("error", this.#lost);
    this.#watch();
  }

  #drop() {
    clearTimeout(this.#retry);
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = null;
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(this.#lost, SILENCE_MS);
  }

  #heard(state, name) {
    this.lastHeard = Date.now();
    this.#tries = 0;
    this.#watch();
    if (!this.connected) {
      this.connected = true;
      this.dispatchEvent(new Event("line"));
    }
    if (!state) return;
    this.dispatchEvent(new CustomEvent(name, { detail: state }));
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  #lost = () => {
    this.#drop();
    if (this.connected || !this.#tries) {
      this.connected = false;
      this.dispatchEvent(new Event("line"));
    }
    // Spread out, so that a hall of phones does not come back in the same instant.
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** this.#tries++) * (0.5 + Math.random());
    this.#retry = setTimeout(() => this.#connect(), wait);
  };

  #again = () => this.#connect();
  #hidden = () => this.#drop();
  #shown = (event) => event.persisted && this.#connect();
}
