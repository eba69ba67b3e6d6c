// One run on the judge's tablet: the clock, the proposal, penalties, and the one thing to do next.
import { fill, formatBound, formatClockTime, formatNumber, formatTime } from "../live/format.js";
import { h, reconcile, setText, show } from "../live/dom.js";
import { runClock, stopClock } from "../live/clock.js";
import { ask, choose, takeTime, toast } from "./dialogs.js";
import { listAllowed, overlay, seenIn } from "./overlay.js";
import { drawGates, drawPresses, drawTimeline } from "./run_parts.js";
import { newKey } from "./keys.js";

const STEP = { ready: 1, arming: 1, armed: 2, running: 3, proposed: 4, accepted: 4, voided: 0, rerun: 0 };

// Refusals that sending the same press again cannot change.
const FINAL = ["proposal_changed", "wrong_phase", "key_reused"];
const ROLES = ["judge", "team"];

export class RunPage {
  constructor(app, run) {
    Object.assign(this, { app, run, s: app.strings, language: app.language, view: null });
    this.build();
  }

  build() {
    const { s } = this;
    this.parts = {
      steps: h("div", { class: "steps", "aria-hidden": "true" }, ...[1, 2, 3, 4].map(() => h("i"))),
      phase: h("p", { class: "phase", role: "status" }),
      clock: h("span", {}, "—"),
      unit: h("small", {}, ` ${s.seconds}`),
      detail: h("p", { class: "soft small" }),
      heat: h("nav", { class: "chips", "aria-label": s.heat, hidden: true }),
      stopped: h("div", { class: "note bad", role: "alert", hidden: true }),
      faults: h("div", { class: "stack-m" }),
      penalties: h("div", { class: "counters num" }),
      penaltyPart: h("section", { class: "stack-m" }, h("h2", {}, s.penalties)),
      params: h("div", { class: "counters num" }),
      paramPart: h("section", { class: "stack-m" }, h("h2", {}, s.params)),
      signatures: h("section", { class: "card pad", hidden: true }),
      signed: h("div", { class: "stack-s" }),
      sign: h("button", { type: "button", click: () => this.sign() }, s.sign),
      timeline: h("ol", { class: "rows num timeline" }),
      timelinePart: h("section", { class: "card", "aria-label": s.timeline }),
      presses: h("ol", { class: "rows" }),
      pressPart: h("section", { class: "card", "aria-label": s.presses, hidden: true }),
      gates: h("ul", { class: "rows" }),
      gateTag: h("span", { class: "tag bad", hidden: true }),
    };
    const p = this.parts;
    p.gatePart = h("details", { class: "card gates" }, h("summary", {}, s.gates, p.gateTag));
    p.penaltyPart.append(p.penalties);
    p.paramPart.append(p.params);
    p.signatures.append(h("h2", {}, s.signatures), p.signed, p.sign);
    p.timelinePart.append(h("h2", {}, s.timeline), p.timeline);
    p.pressPart.append(h("h2", {}, s.presses), p.presses);
    p.gatePart.append(p.gates);
    this.main = [
      p.heat,
      h("section", { class: "card clock num" }, p.steps, p.phase, h("b", { class: "time" }, p.clock, p.unit), p.detail),
      p.stopped, p.faults, p.signatures, p.pressPart, p.penaltyPart, p.paramPart, p.timelinePart, p.gatePart,
    ];
    this.more = h("button", { type: "button", click: () => this.openMore() }, s.more);
    this.again = h("button", { type: "button", class: "bad", click: () => this.order("rerun") }, s.rerun);
    this.primary = h("button", { type: "button", class: "primary num", click: () => this.act() });
    this.actions = [this.again, this.more, this.primary];
  }

  // The lab's newest word on this run; an older one that arrives late is left aside.
  take(view) {
    if (this.view && view.rev < this.view.rev) return;
    this.view = view;
    this.app.keep(view);
    this.draw();
  }

  get shown() {
    const writes = this.app.queue.of(this.run);
    return overlay(this.view, writes.some((write) => write.state === "refused") ? [] : writes, this.app.desk);
  }

  draw() {
    const { parts: p, s } = this;
    const writes = this.app.queue.of(this.run);
    const view = this.shown;
    this.drawStopped(writes);
    drawPresses(p.presses, writes, s);
    show(p.pressPart, writes.length > 0);
    if (!view) return this.drawUnknown();
    this.allowed = listAllowed(view, this.view, writes);
    const stopped = writes.some((write) => write.state === "refused");
    this.app.setTitle(view.team, fill(s.place, { discipline: this.app.desk.discipline, field: view.field, attempt: view.attempt, attempts: view.attempts }));
    for (const [index, step] of [...p.steps.children].entries()) step.classList.toggle("on", index < STEP[view.phase]);
    this.drawHeat(view);
    this.drawClock(view);
    reconcile(p.faults, view.faults, (fault, index) => `${fault.code}${JSON.stringify(fault.params)}`, (fault) => h("div", { class: "note bad", role: "alert" }, h("div", {}, h("p", {}, fault.text))), () => {});
    if (!this.allowed.has("set_penalty")) this.app.slots.toasts.replaceChildren();
    this.drawPenalties(view, stopped);
    this.drawParams(view, stopped);
    this.drawSignatures(view);
    drawTimeline(p.timeline, view.timeline, this.language);
    show(p.timelinePart, view.timeline.length > 0);
    drawGates(p.gates, view.gates);
    show(p.gatePart, view.gates.length > 0);
    const bad = view.gates.filter((gate) => gate.ok === false).length;
    show(p.gateTag, bad > 0);
    setText(p.gateTag, fill(s.gates_bad, { count: bad }));
    this.drawActions(view, stopped);
  }

  drawUnknown() {
    const { s } = this;
    setText(this.parts.phase, this.missing ? s.unknown : this.app.isOnline ? s.loading : s.unknown_offline);
    show(this.parts.unit, false);
    show(this.again, false);
    show(this.more, false);
    this.setPrimary("desk", s.to_teams);
    for (const part of ["penaltyPart", "paramPart", "timelinePart", "gatePart"]) show(this.parts[part], false);
  }

  drawStopped(writes) {
    const refused = writes.find((write) => write.state === "refused");
    const holding = this.app.queue.holding(this.run);
    show(this.parts.stopped, Boolean(refused || holding));
    const { s } = this;
    if (holding) this.parts.stopped.replaceChildren(h("div", { class: "stack-m" }, h("p", {}, s.held_back), h("div", { class: "row" }, h("button", { type: "button", click: () => this.app.go(`/runs/${encodeURIComponent(holding)}`) }, s.to_held))));
    if (!refused) return;
    const waiting = writes.length - 1;
    const press = s[`press_${refused.kind}`] ?? refused.kind;
    this.parts.stopped.replaceChildren(
      h(
        "div",
        { class: "stack-m" },
        h("p", {}, h("b", {}, fill(s.refused, { press })), " ", refused.problem?.detail ?? ""),
        waiting > 0 && h("p", {}, fill(s.refused_waiting, { count: waiting })),
        h("div", { class: "row" }, !FINAL.includes(refused.problem?.code) && h("button", { type: "button", click: () => this.app.queue.retry(this.run) }, s.try_again), h("button", { type: "button", class: "bad", click: () => this.discard(writes.length) }, fill(s.discard, { count: writes.length }))),
      ),
    );
  }

  async discard(count) {
    const { s } = this;
    const answer = await ask({ title: s.discard_title, text: fill(s.discard_text, { count }), action: fill(s.discard, { count }), back: s.back });
    if (answer !== null) await this.app.queue.discard(this.run);
    this.draw();
  }

  drawHeat(view) {
    show(this.parts.heat, view.heat_runs.length > 1);
    const create = (mate) => h("button", { type: "button", class: "chip", click: () => mate.run !== this.run && this.app.go(`/runs/${encodeURIComponent(mate.run)}`) });
    reconcile(this.parts.heat, view.heat_runs, (mate) => mate.run, create, (chip, mate) => {
      setText(chip, fill(this.s.lane_team, mate));
      chip.setAttribute("aria-pressed", String(mate.run === this.run));
    });
  }

  drawClock(view) {
    const { parts: p, s, language } = this;
    const { phase } = view;
    const outcome = phase === "accepted" ? view.result : view.proposal;
    const isKept = phase === "accepted" && this.view?.phase !== "accepted";
    setText(p.phase, isKept ? s.phase_kept : this.phaseText(phase, outcome));
    const card = p.clock.closest(".clock");
    card.dataset.phase = phase;
    card.classList.toggle("kept", isKept);
    if (phase === "running" && view.age_us !== null && this.app.isOnline) {
      runClock(p.clock, this.run, view.age_us, (us) => {
        setText(p.clock, formatTime(us, language, 2));
        this.overLimit(us);
      });
    } else {
      stopClock(p.clock);
      setText(p.clock, outcome ? this.outcomeText(outcome) : "—");
    }
    const timed = outcome?.status === "OK" && (outcome.value_us ?? outcome.counted_us) !== null;
    show(p.unit, phase === "running" || timed);
    setText(p.detail, this.describe(view, outcome));
  }

  phaseText(phase, outcome) {
    if (phase !== "proposed") return this.s[`phase_${phase}`] ?? phase;
    return outcome.status !== "OK" ? this.s.phase_status : outcome.manual ? this.s.phase_by_hand : this.s.phase_proposed;
  }

  outcomeText(outcome) {
    if (outcome.status !== "OK") return outcome.status;
    const time = outcome.value_us ?? outcome.counted_us;
    return time === null ? formatNumber(outcome.score ?? 0, this.language) : formatTime(time, this.language);
  }

  describe(view, outcome) {
    const { s, language } = this;
    if (view.phase === "running" && !this.app.isOnline) return s.running_offline;
    if (!outcome) return this.hint(view);
    const laps = [
      typeof outcome.laps === "number" && fill(s.laps_counted, { laps: outcome.laps }),
      typeof outcome.best_lap_us === "number" && fill(s.best_lap_time, { time: formatTime(outcome.best_lap_us, language) }),
    ].filter(Boolean);
    if (outcome.status !== "OK") return [s[outcome.status] ?? "", ...laps].join(" · ");
    const words = [...laps, fill(s.bound, { bound: formatBound(outcome.bound_us, language) })];
    if (outcome.value_us === null) words.push(s.lab_counts);
    else if (outcome.counted_us !== null && outcome.counted_us !== outcome.value_us)
      words.unshift(fill(s.with_penalties, { time: formatTime(outcome.counted_us, language), added: formatTime(outcome.value_us - outcome.counted_us, language) }));
    return words.join(" · ");
  }

  hint(view) {
    const { s } = this;
    if (!view.gates.length) return this.allowed.has("propose_manual") ? s.hint_by_hand : "";
    if (view.phase !== "running") return s[`hint_${view.phase}`] ?? "";
    return isTimed(view, true) && !this.app.desk.asks_laps ? s.hint_running : "";
  }

  overLimit(us) {
    const limit = this.app.desk.time_limit_us;
    if (limit && us >= limit && this.primary.dataset.act !== "reach_time_limit" && this.allowed.has("reach_time_limit")) this.setPrimary("reach_time_limit", this.s.time_up);
  }

  drawPenalties(view, stopped) {
    show(this.parts.penaltyPart, view.penalties.length > 0);
    const open = this.allowed.has("set_penalty") && !stopped;
    const create = (rule) => {
      const press = (by) => () => this.changePenalty(rule.code, by);
      return h("div", { class: "card counter", role: "group", "aria-label": rule.label },
        h("span", { class: "counter-name" }, rule.label, " ", h("span", { class: "soft small" }, rule.effect_text)),
        h("div", { class: "count" },
          h("button", { type: "button", "aria-label": fill(this.s.less, { name: rule.label }), click: press(-1) }, "−"),
          h("b", { "aria-live": "polite" }),
          h("button", { type: "button", "aria-label": fill(this.s.greater, { name: rule.label }), click: press(1) }, "+")));
    };
    reconcile(this.parts.penalties, view.penalties, (rule) => rule.code, create, (card, rule) => {
      const [less, more] = card.querySelectorAll("button");
      setText(card.querySelector("b"), String(rule.count));
      less.disabled = !open || rule.count === 0;
      more.disabled = !open || (rule.most !== null && rule.most !== undefined && rule.count >= rule.most);
      card.classList.toggle("given", rule.count > 0);
    });
  }

  async changePenalty(code, by) {
    const rule = this.shown.penalties.find((each) => each.code === code);
    const count = rule.count + by;
    if (count < 0) return;
    await this.press("set_penalty", { code, count });
    const back = { label: this.s.undo, act: () => this.press("set_penalty", { code, count: rule.count }) };
    toast(this.app.slots.toasts, fill(this.s.penalty_now, { name: rule.label, count }), back);
  }

  drawParams(view, stopped) {
    show(this.parts.paramPart, view.params.length > 0);
    const open = this.allowed.has("set_param") && !stopped;
    const create = (param) => {
      const id = `param-${param.id}`;
      if (param.kind === "toggle") {
        const choice = (value, label) => h("button", { type: "button", "data-value": String(value), click: () => this.press("set_param", { name: param.id, value }) }, label);
        return h("div", { class: "card counter", role: "group", "aria-label": param.label }, h("span", { class: "counter-name" }, param.label), h("div", { class: "yes-no" }, choice(true, this.s.yes), choice(false, this.s.no)));
      }
      const input = h("input", { id, inputmode: param.kind === "number" ? "numeric" : "decimal", autocomplete: "off", change: () => this.enterParam(param, input) });
      return h("div", { class: "card counter field" }, h("label", { for: id }, param.label, param.unit && h("span", { class: "soft small" }, ` ${param.unit}`)), input, h("p", { class: "error", hidden: true }, this.s.number_wrong));
    };
    reconcile(this.parts.params, view.params, (param) => param.id, create, (card, param) => {
      for (const control of card.querySelectorAll("button, input")) control.disabled = !open;
      for (const button of card.querySelectorAll("button")) button.setAttribute("aria-pressed", String(param.value !== null && button.dataset.value === String(param.value)));
      const input = card.querySelector("input");
      if (input && document.activeElement !== input) input.value = param.value === null ? "" : formatNumber(param.kind === "time_us" ? param.value / 1e6 : param.value, this.language);
    });
  }

  enterParam(param, input) {
    const text = input.value.trim().replace(",", ".").replace("−", "-");
    const number = Number(text);
    const value = text === "" ? null : param.kind === "time_us" ? Math.round(number * 1e6) : number;
    const fits = value === null || (Number.isFinite(number) && (param.kind !== "number" || Number.isInteger(number)) && (param.least === null || value >= param.least) && (param.most === null || value <= param.most));
    input.setAttribute("aria-invalid", String(!fits));
    show(input.nextElementSibling, !fits);
    if (fits) this.press("set_param", { name: param.id, value });
  }

  drawSignatures(view) {
    const { signatures, signed, sign } = this.parts;
    show(signatures, view.phase === "accepted");
    show(sign, this.allowed.has("sign") && view.signatures.length < ROLES.length);
    const people = view.signatures.map(({ role, name }) => h("p", {}, h("span", { class: "soft" }, this.s[`role_${role}`] ?? role), " ", h("b", {}, name)));
    signed.replaceChildren(...(people.length ? people : [h("p", { class: "soft" }, this.s.unsigned)]));
  }

  drawActions(view, stopped) {
    const { s } = this;
    show(this.again, this.allowed.has("rerun"));
    show(this.more, ["propose_status", "propose_manual", "void"].some((kind) => this.allowed.has(kind)));
    this.again.disabled = this.more.disabled = stopped;
    if (view.phase === "proposed") this.setPrimary("accept", this.acceptLabel(view.proposal), stopped);
    else if (view.phase === "accepted") this.setPrimary("desk", s.next_team);
    else if (view.phase === "voided" || view.phase === "rerun") this.setPrimary("reopen", s.new_run, stopped);
    else if (this.allowed.has("signal") && !view.signalled) this.setPrimary("signal", s.signal, stopped);
    else if (view.phase === "running") this.setPrimary("by_hand", s.by_hand, stopped, isTimed(view));
    else if (!view.gates.length) this.setPrimary("by_hand", s.by_hand, stopped);
    else if (view.phase === "armed" || view.phase === "arming") this.setPrimary("arm", s.arm_again, stopped, true);
    else this.setPrimary("arm", s.arm, stopped);
  }

  acceptLabel(proposal) {
    const { s, language } = this;
    if (proposal.status !== "OK") return fill(s.accept, { result: proposal.status });
    if (proposal.value_us !== null) return fill(s.accept, { result: `${formatTime(proposal.value_us, language)}\u00a0${s.seconds}` });
    return proposal.score === null ? s.accept_counted : fill(s.accept, { result: formatNumber(proposal.score, language) });
  }

  setPrimary(act, label, disabled = false, calm = false) {
    setText(this.primary, label);
    this.primary.dataset.act = act ?? "";
    this.primary.disabled = disabled || act === null;
    this.primary.classList.toggle("primary", !calm);
  }

  async act() {
    const { act } = this.primary.dataset;
    const view = this.shown;
    if (act === "desk") this.app.go("");
    else if (act === "reopen") this.app.openRun({ entry: view.entry, attempt: view.attempt, field: view.field, lane: view.lane, heat: view.heat ?? null });
    else if (act === "by_hand") await this.byHand();
    else if (act === "arm" || act === "signal") await this.startAll(act, view);
    else if (act === "accept") await this.press("accept", {}, seenIn(view));
    else if (act) await this.press(act, {});
  }

  // The lanes of a heat are armed and started together; each is its own run with its own presses.
  async startAll(act, view) {
    const from = act === "arm" ? "ready" : "armed";
    const mates = view.heat_runs.filter((mate) => mate.run !== this.run && mate.phase === from);
    for (const { run, entry } of [view, ...mates])
      await this.app.queue.press({ run, entry }, act, act === "arm" ? { token: newKey().slice(0, 8) } : {});
  }

  async byHand() {
    const { asks_laps: laps, asks_best_lap_from: bestLapFrom } = this.app.desk;
    const taken = await takeTime({ strings: this.s, language: this.language, laps, bestLapFrom });
    if (taken) await this.press("propose_manual", taken);
  }

  async order(kind) {
    const { s } = this;
    const reason = await ask({ title: s[`${kind}_title`], text: s[`${kind}_text`], action: s[`${kind}_action`], label: s.reason, reasons: [s.reason_gate, s.reason_field, s.reason_robot, s.reason_appeal], back: s.back });
    if (reason !== null) await this.press(kind, { reason });
  }

  async declare(status) {
    const { s } = this;
    let reason = "";
    if (status === "DSQ") reason = await ask({ title: s.DSQ_title, text: s.DSQ_text, action: s.DSQ_action, label: s.reason, reasons: [s.reason_touch, s.reason_rules, s.reason_damage], back: s.back });
    if (reason !== null) await this.press("propose_status", { status, reason });
  }

  async sign() {
    const { s } = this;
    const left = ROLES.filter((role) => !this.shown.signatures.some((each) => each.role === role));
    const role = await choose({ title: s.sign_title, back: s.back, choices: left.map((key) => ({ key, label: s[`role_${key}`] })) });
    if (!role) return;
    // A captain is a child: no name is asked for, the team signs.
    const team = role === "team";
    const asked = await ask({ title: s[`sign_${role}`], text: team ? s.sign_team_text : s.sign_text, action: s.sign, label: s.name, reasons: team ? null : [], bad: false, back: s.back });
    if (asked !== null) await this.press("sign", { role, name: team ? this.shown.team : asked });
  }

  async openMore() {
    const { s, allowed } = this;
    const view = this.shown;
    const status = allowed.has("propose_status");
    const choices = [
      allowed.has("propose_manual") && { key: "by_hand", label: s.by_hand, hint: s.by_hand_hint },
      status && view.proposal && view.proposal.status !== "OK" && { key: "OK", label: s.take_back, hint: view.proposal.status },
      status && view.phase !== "ready" && { key: "DNF", label: "DNF", hint: s.DNF },
      status && !view.started && { key: "DNS", label: "DNS", hint: s.DNS },
      status && { key: "DSQ", label: "DSQ", hint: s.DSQ, bad: true },
      allowed.has("void") && { key: "void", label: s.void, hint: s.void_hint, bad: true },
    ].filter(Boolean);
    const key = await choose({ title: s.more, choices, back: s.back });
    if (key === "by_hand") await this.byHand();
    else if (key === "void") await this.order("void");
    else if (key) await this.declare(key);
  }

  async press(kind, payload, seen = null) {
    await this.app.queue.press({ run: this.run, entry: this.shown.entry }, kind, payload, seen);
  }
}

// Whether a gate takes the time; with `well`, one that is well at this moment.
const isTimed = (view, well = false) => view.gates.some((gate) => gate.timed && (gate.ok || !well));
