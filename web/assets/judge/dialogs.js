// Questions before what cannot be undone, and the stopwatch for a time taken by hand.
import { formatTime } from "../live/format.js";
import { h, setText, show } from "../live/dom.js";

const BY_HAND_BOUND_US = 200_000;

// Asks in a dialog; resolves to the reason (empty if none was asked for), or null when the judge goes back.
export function ask({ title, text, action, reasons = null, label = "", bad = true, back }) {
  return new Promise((resolve) => {
    const input = reasons && h("input", { id: "reason", type: "text", maxlength: "200", required: true, autocomplete: "off" });
    const chips = reasons && reasons.map((reason) => h("button", { type: "button", class: "chip", click: () => ((input.value = reason), input.focus()) }, reason));
    const form = h(
      "form",
      { method: "dialog", class: "stack-m" },
      h("h2", { id: "ask-title" }, title),
      text && h("p", {}, text),
      reasons && h("div", { class: "field" }, h("label", { for: "reason" }, label), h("div", { class: "chips" }, chips), input),
      h("div", { class: "dialog-do" }, h("button", { type: "button", click: () => dialog.close() }, back), h("button", { class: bad ? "primary danger" : "primary", value: "yes" }, action)),
    );
    const dialog = h("dialog", { "aria-labelledby": "ask-title" }, form);
    form.addEventListener("submit", (event) => {
      if (input && !input.value.trim()) event.preventDefault();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? (input?.value.trim() ?? "") : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// One of several things to do, each a large button; resolves to its key or null.
export function choose({ title, choices, back }) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { "aria-labelledby": "choose-title" },
      h(
        "form",
        { method: "dialog", class: "stack-m" },
        h("h2", { id: "choose-title" }, title),
        choices.map(({ key, label, hint, bad }) => h("button", { value: key, class: bad ? "choice-button bad" : "choice-button" }, h("span", {}, label), hint && h("span", { class: "soft small" }, hint))),
        h("button", { type: "button", class: "quiet", click: () => dialog.close() }, back),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// "12,48" or "1:02.4" as microseconds; null if it is no time.
export function parseTime(text) {
  const match = /^(?:(\d{1,2}):)?(\d{1,4})(?:[.,](\d{1,6}))?$/.exec(text.trim());
  if (!match || (match[1] && Number(match[2]) > 59)) return null;
  return (Number(match[1] ?? 0) * 60 + Number(match[2])) * 1_000_000 + Number((match[3] ?? "").padEnd(6, "0"));
}

// A field for a time; `check` says what is wrong with the microseconds in it, and nothing when they fit.
function timeField({ id, label, hint, check }) {
  const wrong = h("p", { class: "error", id: `${id}-wrong`, role: "alert", hidden: true });
  const input = h("input", { id, inputmode: "decimal", autocomplete: "off", "aria-describedby": `${hint ? `${id}-hint ` : ""}${id}-wrong` });
  const part = h("div", { class: "field" }, h("label", { for: id }, label), input, hint && h("p", { class: "hint", id: `${id}-hint` }, hint), wrong);
  const fits = () => {
    const problem = check(parseTime(input.value));
    setText(wrong, problem ?? "");
    show(wrong, Boolean(problem));
    input.setAttribute("aria-invalid", String(Boolean(problem)));
    return !problem;
  };
  return { part, input, fits, read: () => parseTime(input.value) };
}

// A stopwatch and a field for a time from another one; resolves to {value_us, bound_us, laps, best_lap_us} or null.
// `bestLapFrom`: from how many laps on the best one is asked for too; null: never.
export function takeTime({ strings, language, laps, bestLapFrom }) {
  return new Promise((resolve) => {
    let startedAt = null;
    let frame = 0;
    const clock = h("b", { class: "num hand-clock" }, formatTime(0, language, 2));
    const time = timeField({ id: "by-hand", label: strings.time_label, hint: strings.time_hint, check: (us) => (us === null ? strings.time_wrong : null) });
    const checkBest = (us) => (us === null ? strings.time_wrong : us > (time.read() ?? us) ? strings.best_lap_longer : null);
    const best = timeField({ id: "by-hand-best", label: strings.best_lap_label, check: checkBest });
    const lapField = laps && h("input", { id: "by-hand-laps", type: "number", min: "0", step: "1", inputmode: "numeric", required: true, input: () => show(best.part, asksBest()) });
    const asksBest = () => bestLapFrom !== null && (!lapField || lapField.value === "" || Number(lapField.value) >= bestLapFrom);
    show(best.part, asksBest());
    const tick = () => {
      setText(clock, formatTime((performance.now() - startedAt) * 1000, language, 2));
      frame = requestAnimationFrame(tick);
    };
    const toggle = h("button", { type: "button", class: "stopwatch" }, strings.stopwatch_start);
    toggle.addEventListener("pointerdown", (event) => press(event));
    toggle.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && press(event));
    function press(event) {
      event.preventDefault();
      if (event.repeat) return;
      if (startedAt === null) {
        startedAt = performance.now();
        tick();
        setText(toggle, strings.stopwatch_stop);
        return;
      }
      cancelAnimationFrame(frame);
      const us = Math.round((performance.now() - startedAt) * 1000);
      startedAt = null;
      setText(clock, formatTime(us, language, 2));
      time.input.value = formatTime(us, language, 2);
      setText(toggle, strings.stopwatch_start);
      time.input.focus();
    }
    const form = h(
      "form",
      { method: "dialog", class: "stack-m" },
      h("h2", { id: "hand-title" }, strings.by_hand),
      h("div", { class: "hand" }, clock, toggle),
      time.part,
      lapField && h("div", { class: "field" }, h("label", { for: "by-hand-laps" }, strings.laps_label), lapField),
      best.part,
      h("div", { class: "dialog-do" }, h("button", { type: "button", click: () => dialog.close() }, strings.back), h("button", { class: "primary", value: "yes" }, strings.propose)),
    );
    form.addEventListener("submit", (event) => {
      const fit = [time, ...(asksBest() ? [best] : [])].map((each) => each.fits());
      if (fit.includes(false)) event.preventDefault();
    });
    const dialog = h("dialog", { "aria-labelledby": "hand-title" }, form);
    dialog.addEventListener("close", () => {
      cancelAnimationFrame(frame);
      dialog.remove();
      if (dialog.returnValue !== "yes") return resolve(null);
      resolve({ value_us: time.read(), bound_us: BY_HAND_BOUND_US, ...(lapField && { laps: Number(lapField.value) }), ...(asksBest() && { best_lap_us: best.read() }) });
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// A short word at the foot of the page, with a way back where there is one.
export function toast(region, text, undo = null) {
  const note = h("p", { class: "toast" }, h("span", {}, text), undo && h("button", { type: "button", class: "quiet", click: () => (note.remove(), undo.act()) }, undo.label));
  region.replaceChildren(note);
  setTimeout(() => note.remove(), 7_000);
}

