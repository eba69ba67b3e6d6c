// The judge's desk: choose the field once, then the next team; its runs and attempts at a glance.
import { fill, formatNumber, formatTime } from "../live/format.js";
import { h, reconcile, setText, show } from "../live/dom.js";
import { overlayDesk } from "./desk_overlay.js";

const FIELD_KEY = "lab-judge-field";
const LAST = 1e9;
const CLASSES = { kept: "tag gold", refused: "tag bad" };

export class DeskPage {
  constructor(app) {
    Object.assign(this, { app, s: app.strings, find: "" });
    this.field = localStorage.getItem(`${FIELD_KEY}:${app.slug}`);
    this.lane = 1;
    this.heat = null;
    this.build();
  }

  build() {
    const { s } = this;
    this.fields = h("div", { class: "chips", role: "group", "aria-label": s.choose_field });
    this.lanes = h("div", { class: "chips", role: "group", "aria-label": s.choose_lane });
    this.running = h("ul", { class: "rows" });
    this.runningPart = h("section", { class: "card" }, h("h2", {}, s.open_runs), this.running);
    this.search = h("input", { type: "search", "aria-label": s.find_team, placeholder: s.find_team, input: () => ((this.find = this.search.value.trim().toLowerCase()), this.draw()) });
    this.teams = h("ul", { class: "rows teams" });
    this.empty = h("p", { class: "empty" });
    this.main = [
      h("section", { class: "stack-m" }, h("h2", {}, s.choose_field), this.fields, this.lanes),
      this.runningPart,
      h("section", { class: "card" }, h("div", { class: "teams-top" }, h("h2", {}, s.teams), this.search), this.teams, this.empty),
      h("p", {}, h("a", { class: "button quiet", href: `/championships/${this.app.slug}/results` }, s.results)),
    ];
    this.actions = [];
  }

  draw() {
    const desk = (this.desk = overlayDesk(this.app.desk, this.app.views.values(), this.app.queue.writes, (result) => this.tell(result)));
    this.app.setTitle(desk.discipline, desk.name);
    if (!desk.fields.some((each) => each.field === this.field)) this.field = desk.fields[0]?.field ?? null;
    this.drawFields(desk);
    const open = desk.fields.flatMap((each) => each.runs);
    show(this.runningPart, open.length > 0);
    reconcile(this.running, open, (run) => run.run, (run) => this.runRow(run), (item, run) => {
      setText(item.querySelector("b"), run.team);
      setText(item.querySelector(".small"), fill(desk.lanes > 1 ? this.s.field_lane : this.s.field, run));
      const tag = item.querySelector(".tag");
      setText(tag, run.state ? this.s[`desk_${run.state}`] : (this.s[`phase_${run.phase}`] ?? run.phase));
      tag.className = CLASSES[run.state] ?? "tag live";
    });
    const queue = [...desk.entries].sort((a, b) => (a.next ?? LAST) - (b.next ?? LAST));
    const shown = queue.filter((entry) => !this.find || `${entry.team} ${entry.school}`.toLowerCase().includes(this.find));
    reconcile(this.teams, shown, (entry) => entry.entry, (entry) => this.teamRow(entry), (item, entry) => this.fillTeam(item, entry));
    show(this.empty, !shown.length || !desk.fields.length);
    setText(this.empty, !desk.fields.length ? this.s.no_fields : desk.entries.length ? this.s.no_match : this.s.no_teams);
  }

  drawFields(desk) {
    const choose = (field) => {
      this.field = field;
      localStorage.setItem(`${FIELD_KEY}:${this.app.slug}`, field);
      this.draw();
    };
    reconcile(this.fields, desk.fields, (each) => each.field, (each) => h("button", { type: "button", class: "chip", click: () => choose(each.field) }), (chip, each) => {
      setText(chip, fill(this.s.field, each));
      chip.setAttribute("aria-pressed", String(each.field === this.field));
    });
    const lanes = desk.lanes > 1 ? Array.from({ length: desk.lanes }, (_, index) => index + 1) : [];
    show(this.lanes, lanes.length > 0);
    reconcile(this.lanes, lanes, (lane) => lane, (lane) => h("button", { type: "button", class: "chip", click: () => ((this.lane = lane), this.draw()) }), (chip, lane) => {
      setText(chip, fill(this.s.lane, { lane }));
      chip.setAttribute("aria-pressed", String(lane === this.lane));
    });
  }

  runRow(run) {
    return h("li", { class: "run-row" },
      h("span", { class: "stack-s" }, h("b", {}), h("span", { class: "soft small" })), h("span", { class: "tag" }),
      h("button", { type: "button", click: () => this.openRun(run.run) }, this.s.continue_run));
  }

  teamRow(entry) {
    return h("li", { class: "team-row" },
      h("span", { class: "stack-s" }, h("b", {}), h("span", { class: "soft small" })),
      h("span", { class: "dots" }),
      h("button", { type: "button", click: () => this.start(entry.entry) }));
  }

  openRun(run) {
    return this.app.go(`/runs/${encodeURIComponent(run)}`);
  }

  // A result that the desk does not have from the lab yet.
  tell(result) {
    const { language } = this.app;
    if (result && result.status !== "OK") return result.status;
    if (typeof result?.score === "number") return formatNumber(result.score, language);
    return typeof result?.value_us === "number" ? `${formatTime(result.value_us, language)}\u00a0${this.s.seconds}` : this.s.state_kept;
  }

  fillTeam(item, entry) {
    const { s } = this;
    setText(item.querySelector("b"), entry.team);
    setText(item.querySelector(".small"), entry.school);
    const dots = item.querySelector(".dots");
    const create = ({ attempt }) => (attempt ? h("button", { type: "button", class: "num", click: () => this.openRun(attempt.run) }) : h("span", { class: "tag num" }));
    reconcile(dots, entry.attempts.map((attempt, index) => ({ attempt, index })), ({ attempt, index }) => `${index}/${attempt?.run ?? ""}`, create, (dot, { attempt, index }) => {
      setText(dot, attempt ? attempt.text : String(index + 1));
      dot.classList.toggle("good", attempt?.status === "OK" && !attempt.state);
      dot.classList.toggle("kept", Boolean(attempt?.state));
      dot.title = fill(s.attempt_of, { attempt: index + 1, attempts: entry.attempts.length });
      if (attempt) dot.setAttribute("aria-label", `${dot.title}: ${attempt.text}`);
    });
    const button = item.lastElementChild;
    button.classList.toggle("primary", entry.entry === this.nextEntry());
    button.classList.toggle("quiet", entry.next === null && !entry.run);
    button.disabled = !entry.run && (!this.field || entry.next === null);
    setText(button, entry.run ? s.continue_run : entry.next === null ? s.all_done : fill(s.start_attempt, { attempt: entry.next }));
  }

  nextEntry() {
    const { entries } = this.desk;
    const waiting = entries.filter((entry) => entry.next !== null && !entry.run);
    return waiting.reduce((best, entry) => (best === null || entry.next < best.next ? entry : best), null)?.entry;
  }

  start(id) {
    const entry = this.desk.entries.find((each) => each.entry === id);
    if (entry.run) return this.openRun(entry.run);
    const others = this.desk.fields.find((each) => each.field === this.field)?.runs ?? [];
    const heat = this.desk.lanes > 1 ? (others.find((run) => run.heat && ["ready", "arming"].includes(run.phase) && run.lane !== this.lane)?.heat ?? null) : null;
    return this.app.openRun({ entry: id, attempt: entry.next, field: this.field, lane: this.lane, heat });
  }
}
