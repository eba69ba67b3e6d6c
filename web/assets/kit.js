// A kit's page: one stream, from which the console, the plots and the way of an upload are drawn.
// What the kit is and can be told comes as the server renders it, whenever that has changed.
import { Console } from "./kit/console.js";
import { post, SendBox, Toast } from "./kit/forms.js";
import { Plots } from "./kit/plots.js";
import { Upload } from "./kit/upload.js";
import { readJson, setText, show } from "./live/dom.js";
import { fill } from "./live/format.js";
import { morphChildren } from "./live/morph.js";
import { LiveSource } from "./live/source.js";

const PARTS_MS = 400;
const ENDED = new Set(["succeeded", "failed", "cancelled", "invalid", "returned"]);

class KitPage extends HTMLElement {
  #strings;
  #source;
  #console;
  #plots;
  #toast;
  #state = "";
  #due = 0;
  #fetching = false;

  connectedCallback() {
    this.#strings = readJson("strings");
    const slot = (name) => this.querySelector(`[data-slot=${name}]`);
    this.#toast = new Toast(slot("toast"));
    this.#console = new Console(slot("console"), slot("follow"), this.#strings);
    this.#plots = new Plots(
      { plots: slot("plots"), series: slot("series"), none: slot("no-series"), history: slot("history"), pause: slot("pause") },
      this.#strings,
    );
    const upload = this.querySelector("[data-upload]");
    if (upload) new Upload(upload, this.#strings);
    const send = this.querySelector("[data-send]");
    if (send) {
      new SendBox(send, this.#strings, {
        sent: (line) => this.#console.echo(line),
        failed: (why) => this.#toast.show(why, true),
      });
    }
    this.addEventListener("submit", (event) => event.target.matches("[data-quiet]") && this.#press(event));
    this.addEventListener("change", (event) => event.target.matches("[data-submit]") && this.#choose(event.target));
    this.addEventListener("uploaded", () => this.#refresh());
    this.#listen(slot("offline"));
    this.dataset.ready = "";
  }

  disconnectedCallback() {
    this.#source.close();
  }

  #listen(offline) {
    const source = (this.#source = new LiveSource(`${this.getAttribute("src")}/events`, "kit", "job", "console", "points"));
    const on = (name, told) => source.addEventListener(name, (event) => told(event.detail));
    on("snapshot", (kit) => {
      this.#console.reset(kit.console.chunks);
      this.#see(kit);
      this.#refresh();
      this.#plots.load(this.getAttribute("src").replace("/kits/", "/api/v1/devices/"), kit.last_seen_us);
    });
    on("kit", (kit) => this.#see(kit));
    on("job", (job) => this.#seeJob(job));
    on("console", ({ chunks }) => this.#print(chunks));
    on("points", ({ series }) => this.#plots.add(series));
    source.addEventListener("line", () => show(offline, !source.connected));
    source.open();
  }

  #print(chunks) {
    this.#console.append(chunks);
    show(this.querySelector("[data-slot=console-card]"), true);
  }

  // Values are written where they stand; anything else is a reason to ask for the parts again.
  #see(kit) {
    if (!kit.series) return this.#refresh(); // forgotten by the lab
    if (String(this.#plots.keys) !== String(kit.series.map(({ key }) => key))) this.#plots.setSeries(kit.series);
    for (const { node, prop, datatype, value } of kit.properties) {
      const told = datatype === "boolean" ? { true: this.#strings.yes, false: this.#strings.no }[value] : value;
      setText(this.querySelector(`[data-value="${node}/${prop}"]`), told || "—");
    }
    const properties = kit.properties.map((each) => (each.datatype === "json" || each.settable ? each : each.prop));
    const state = JSON.stringify({ ...kit, properties, last_seen_us: 0, series: 0, console: 0, jobs: 0, job: 0 });
    if (this.#state && this.#state !== state) this.#refresh();
    this.#state = state;
  }

  #seeJob(job) {
    const card = this.querySelector(`[data-job="${job.id}"]`);
    if (card?.dataset.state !== job.state || !card.querySelector("progress")) {
      this.#refresh();
      const { states, job_news } = this.#strings;
      const told = fill(job_news, { program: job.program.name, state: states[job.state] ?? job.state });
      if (ENDED.has(job.state)) setText(this.querySelector("[data-slot=news]"), job.sentence ? `${told}. ${job.sentence}` : told);
      return;
    }
    const bar = card.querySelector("progress");
    if (job.total) [bar.max, bar.value] = [job.total, job.done];
    else bar.removeAttribute("value");
    if (job.stage) setText(card.querySelector("[data-slot=stage]"), this.#strings.stages[job.stage] ?? job.stage);
    setText(card.querySelector("[data-slot=percent]"), job.total ? `${Math.floor((100 * job.done) / job.total)} %` : "");
  }

  // At most a few times a second, however much changes.
  #refresh() {
    this.#due ||= setTimeout(() => this.#fetchParts(), this.#fetching ? PARTS_MS : 20);
  }

  async #fetchParts() {
    this.#due = 0;
    if (this.#fetching) return this.#refresh();
    this.#fetching = true;
    try {
      const answer = await fetch(`${this.getAttribute("src")}/parts`, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of fresh.querySelectorAll("[data-part]")) {
        const here = this.querySelector(`[data-part="${part.dataset.part}"]`);
        if (here) morphChildren(here, part);
      }
      const state = fresh.querySelector("[data-usable]");
      if (state) this.#allow(state.dataset.usable === "true");
    } catch {
      // The network is away: the stream says so, and the parts come with its next snapshot.
    } finally {
      setTimeout(() => (this.#fetching = false), PARTS_MS);
    }
  }

  #allow(usable) {
    for (const control of this.querySelectorAll("[data-slot=send], [data-send] input, [data-send] button")) {
      if (control.dataset.slot !== "send" || !this.querySelector("[data-slot=sending]:not([hidden])")) control.disabled = !usable;
    }
  }

  async #press(event) {
    event.preventDefault();
    const { target: form, submitter } = event;
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    submitter?.setAttribute("aria-busy", "true");
    const why = await post(form, submitter?.name ? { [submitter.name]: submitter.value } : {}, this.#strings);
    delete form.dataset.busy;
    submitter?.removeAttribute("aria-busy");
    const told = this.#strings.told[submitter?.name === "deed" ? submitter.value : ""];
    if (why !== null) this.#toast.show(why, true);
    else if (told) this.#toast.show(told);
    this.#refresh();
  }

  async #choose(select) {
    const why = await post(select.form, { deed: "mode" }, this.#strings);
    if (why !== null) this.#toast.show(why, true);
    this.#refresh();
  }
}

customElements.define("kit-page", KitPage);
