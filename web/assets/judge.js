// The judge's tablet: the desk and the run in one document, so that neither needs the network once it is open.
import { fill } from "./live/format.js";
import { readJson, setText } from "./live/dom.js";
import { LiveSource } from "./live/source.js";
import { DeskPage } from "./judge/desk_page.js";
import { RunPage } from "./judge/run_page.js";
import { WriteQueue } from "./judge/queue.js";
import { ask, toast } from "./judge/dialogs.js";
import { keepPages } from "./judge/offline.js";
import { newKey } from "./judge/keys.js";
import { openStore } from "./judge/store.js";

class JudgeApp extends HTMLElement {
  async connectedCallback() {
    const { slug, desk, run, language, judge } = readJson("judge");
    Object.assign(this, { slug, desk, language, strings: readJson("strings"), base: `/judge/${encodeURIComponent(slug)}` });
    const names = ["title", "about", "line", "back", "view", "do", "toasts", "warning", "foreign", "who"];
    this.slots = Object.fromEntries(names.map((name) => [name, this.querySelector(`[data-slot="${name}"]`)]));
    this.store = await openStore();
    this.views = new Map();
    this.queue = new WriteQueue(this.store, slug, judge);
    this.queue.addEventListener("change", () => this.refresh());
    this.queue.addEventListener("saved", ({ detail }) => this.saved(detail));
    this.slots.back.addEventListener("click", (event) => {
      event.preventDefault();
      this.go("");
    });
    this.slots.who.querySelector("a").addEventListener("click", (event) => this.leave(event));
    this.slots.who.querySelector("form").addEventListener("submit", (event) => this.changeLanguage(event));
    addEventListener("popstate", () => this.route());
    addEventListener("beforeunload", (event) => !this.store.keeps && this.queue.size && event.preventDefault());
    await this.queue.start();
    await this.recall();
    await this.route(run);
    const warning = await keepPages(this.strings, this.store);
    setText(this.slots.warning, warning);
    this.slots.warning.hidden = !warning;
    this.dataset.ready = "";
  }

  get isOnline() {
    return Boolean(this.source?.connected);
  }

  go(path) {
    history.pushState(null, "", this.base + path);
    scrollTo(0, 0);
    return this.route();
  }

  // The account and the languages are the lab's: without it they would be lost on an error page.
  isAway(event) {
    if (!this.isLost) return false;
    event.preventDefault();
    toast(this.slots.toasts, this.strings.leave_offline);
    return true;
  }

  async leave(event) {
    const { queue, store, strings: s } = this;
    if (this.isAway(event) || !queue.size) return;
    event.preventDefault();
    const text = store.keeps ? fill(s.leave_text, { count: queue.size }) : s.nothing_kept;
    if ((await ask({ title: s.leave_title, text, action: s.leave_action, bad: false, back: s.back })) !== null) location.assign("/account");
  }

  changeLanguage(event) {
    if (!this.isAway(event)) event.target.elements.next.value = location.pathname;
  }

  openRun({ entry, attempt, field, lane, heat }) {
    const run = newKey();
    const joined = this.desk.lanes > 1 ? (heat ?? newKey()) : null;
    return this.queue.press({ run, entry }, "open_run", { run, entry, attempt, field, lane, heat: joined }).then(() => this.go(`/runs/${run}`));
  }

  async route(known = null) {
    const match = /\/runs\/([^/]+)$/.exec(location.pathname);
    this.source?.close();
    const run = match && decodeURIComponent(match[1]);
    this.page = run ? new RunPage(this, run) : new DeskPage(this);
    this.slots.back.hidden = !run;
    this.slots.who.hidden = Boolean(run);
    this.slots.view.replaceChildren(...this.page.main);
    this.slots.do.replaceChildren(...this.page.actions);
    this.slots.do.parentElement.hidden = !run;
    const view = run && (known?.run === run ? known : await this.store.getRun(run));
    if (view) this.page.take(view);
    this.listen(run ? `${this.base}/runs/${encodeURIComponent(run)}/events` : `${this.base}/events`, run ? "run" : "desk");
    this.refresh();
  }

  // What this tablet knows of runs may be newer than its desk: the desk stands still while the network is away.
  keep(view) {
    this.views.set(view.run, view);
    this.store.putRun(view);
  }

  async recall() {
    for (const { run } of this.queue.writes) {
      const view = this.views.has(run) ? null : await this.store.getRun(run);
      if (view) this.views.set(run, view);
    }
  }

  listen(url, event) {
    const page = this.page;
    const source = (this.source = new LiveSource(url, event));
    source.addEventListener("line", () => {
      this.isLost = !source.connected;
      if (source.connected) this.queue.flush();
      this.refresh();
    });
    source.addEventListener("state", ({ detail }) => {
      if (this.page !== page) return;
      if (event === "desk") this.desk = detail;
      else if (detail.run) page.take(detail.run);
      else page.missing = true;
      this.refresh();
    });
    source.open();
  }

  saved({ write, view }) {
    if (!view) return;
    if (this.page instanceof RunPage && this.page.run === write.run) this.page.take(view);
    else this.keep(view);
  }

  refresh() {
    this.page?.draw();
    this.drawForeign();
    this.drawLine();
  }

  drawForeign() {
    const lines = this.queue.foreign.map(([name, count]) => fill(this.strings.foreign_kept, { name, count }));
    setText(this.slots.foreign, lines.join(" "));
    this.slots.foreign.hidden = !lines.length;
  }

  drawLine() {
    const { size, signedOut } = this.queue;
    const s = this.strings;
    const online = size ? [fill(s.line_sending, { count: size }), "live"] : [s.line_good, "good"];
    const away = size ? [fill(s.line_kept, { count: size }), "gold"] : [s.line_lost, "bad"];
    const stopped = [s.line_stopped, "bad"];
    const [text, look] = signedOut ? [fill(s.line_signed_out, { count: size }), "bad"] : this.queue.stopped ? stopped : this.isOnline ? online : away;
    this.slots.line.className = `tag ${look}`;
    setText(this.slots.line, text);
  }

  setTitle(title, about) {
    setText(this.slots.title, title);
    setText(this.slots.about, about);
    document.title = `${title} · ${about}`;
  }
}

customElements.define("judge-app", JudgeApp);
