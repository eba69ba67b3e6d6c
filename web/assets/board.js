import { formatBound, formatClockTime, formatGap, formatNumber, formatTime, fill } from "./live/format.js";
import { h, readJson, reconcile, setText, show } from "./live/dom.js";
import { runClock, stopClock } from "./live/clock.js";
import { HallPages } from "./live/pages.js";
import { LiveSource } from "./live/source.js";
import { slideRows } from "./live/flip.js";

const MOVED_MS = 20_000;
const NEXT_TEAMS = 3;
const MANY = 2;

class LiveBoard extends HTMLElement {
  #strings = readJson("strings");
  #slots = new Map();
  #moved = new Map();
  #drawn = new Map();

  connectedCallback() {
    const { board, attempts, language } = readJson("board");
    this.language = language;
    this.attempts = attempts;
    this.board = board;
    for (const name of ["line", "embargo", "fresh", "now", "rows", "empty", "next", "next-teams", "hash", "news", "pages"])
      this.#slots.set(name, this.querySelector(`[data-slot="${name}"]`));
    this.#draw(board, board);
    if (this.classList.contains("hall")) this.pages = new HallPages(this.#slots.get("rows"), this.#slots.get("pages"), this.#strings);
    this.source = new LiveSource(`/board/${encodeURIComponent(this.dataset.slug)}/events`, "board");
    this.source.addEventListener("line", () => this.#line());
    this.source.addEventListener("state", (event) => this.#change(event.detail));
    this.source.open();
    setText(this.#slots.get("line").firstElementChild, this.#strings.connecting);
  }

  disconnectedCallback() {
    this.source.close();
  }

  #line() {
    const { connected, lastHeard } = this.source;
    this.classList.toggle("lost", !connected);
    const line = this.#slots.get("line");
    line.classList.toggle("live", connected);
    const asOf = formatClockTime(lastHeard || performance.timeOrigin, this.language);
    setText(line.firstElementChild, connected ? this.#strings.live : fill(this.#strings.lost, { time: asOf }));
    if (!connected) for (const card of this.#slots.get("now").children) this.#freeze(card);
  }

  #change(board) {
    const before = this.board;
    this.board = board;
    this.#draw(board, before);
  }

  #draw(board, before) {
    show(this.#slots.get("embargo"), board.embargo);
    this.#drawNow(board.now);
    this.#drawRows(board, before);
    show(this.#slots.get("next"), board.next.length > 0);
    reconcile(this.#slots.get("next-teams"), board.next.slice(0, NEXT_TEAMS), (each) => each.entry, () => document.createElement("li"), (item, each) => setText(item, each.team));
    const hash = this.#slots.get("hash");
    setText(hash, `${board.hash.slice(0, 4)}…${board.hash.slice(-4)}`);
    hash.title = board.hash;
  }

  #drawNow(runs) {
    const now = this.#slots.get("now");
    now.dataset.count = runs.length;
    reconcile(now, runs, (run) => run.run, () => stamp("track"), (card, run) => this.#drawTrack(card, run));
  }

  #drawTrack(card, run) {
    const s = this.#strings;
    const slot = (name) => card.querySelector(`[data-slot="${name}"]`);
    card.dataset.phase = run.phase;
    const lane = this.board.now.filter((each) => each.field === run.field).length > 1 ? `, ${fill(s.lane, run)}` : "";
    setText(slot("where"), fill(s.field, run) + lane);
    setText(slot("team"), run.team);
    setText(slot("school"), run.school);
    setText(slot("attempt"), fill(s.attempt, run));
    show(slot("best"), run.best_us !== null);
    if (run.best_us !== null) setText(slot("best"), fill(s.best, { time: formatTime(run.best_us, this.language) }));
    show(slot("to-lead"), run.gap_us !== null);
    if (run.gap_us !== null) setText(slot("to-lead"), fill(s.to_lead, { time: formatGap(run.gap_us, this.language) }));
    setText(slot("phase"), run.phase === "running" && run.age_us === null ? s.secret : s[run.phase]);
    const clock = slot("clock");
    const { proposal } = run;
    const timed = proposal?.status === "OK" && proposal.value_us !== null;
    if (run.phase === "running" && run.age_us !== null && !proposal) {
      runClock(clock, run.run, run.age_us, (us) => setText(clock, formatTime(us, this.language, 2)));
    } else {
      stopClock(clock);
      setText(clock, timed ? formatTime(proposal.value_us, this.language) : "—");
    }
    show(clock.nextElementSibling, run.phase === "running" || timed);
    setText(slot("bound"), timed ? formatBound(proposal.bound_us, this.language) : "");
  }

  #freeze(card) {
    const clock = card.querySelector('[data-slot="clock"]');
    stopClock(clock);
    if (card.dataset.phase === "running") setText(card.querySelector('[data-slot="phase"]'), this.#strings.old);
  }

  #drawRows(board, before) {
    const rows = this.#slots.get("rows");
    show(this.#slots.get("empty"), !board.rows.length);
    const fresh = !board.embargo && board.rows.length > 0 && !board.rows.some((row) => row.attempts.some(Boolean));
    show(this.#slots.get("fresh"), fresh);
    rows.closest(".standings").classList.toggle("bare", fresh || board.embargo);
    const known = new Map(before.rows.map((row) => [row.entry, row]));
    const running = new Map(board.now.map(({ entry, attempt, phase }) => [entry, { attempt, phase }]));
    const tried = this.#drawHeadings(board);
    const leader = board.rows.find((row) => row.place === 1)?.result ?? null;
    // A passage changes no row: only what differs is drawn, so that a hall's table does not hold the clock up.
    const drawing = new Map(board.rows.map((row) => [row.entry, JSON.stringify([row, running.get(row.entry), leader, tried])]));
    if (isSameList([...drawing], [...this.#drawn])) return;
    const draw = (element, row) => {
      if (drawing.get(row.entry) !== this.#drawn.get(row.entry)) this.#drawRow(element, row, running.get(row.entry), leader, tried);
    };
    slideRows(
      () => rows.children,
      () => reconcile(rows, board.rows, (row) => row.entry, () => stamp("row"), draw),
    );
    this.#drawn = drawing;
    for (const [index, row] of board.rows.entries()) {
      const old = known.get(row.entry);
      if (!old || isSame(old.result, row.result)) continue;
      this.#tell(rows.children[index], row, old.place !== null && row.place !== null ? old.place - row.place : 0);
    }
    this.pages?.fit();
  }

  // A column stands for an attempt in which a team has a result or a run; gives their numbers.
  #drawHeadings(board) {
    const numbers = Array.from({ length: this.attempts }, (_, index) => index + 1);
    const isTried = (number) => board.rows.some((row) => row.attempts[number - 1]) || board.now.some((run) => run.attempt === number);
    const tried = numbers.filter(isTried);
    const card = this.#slots.get("rows").closest(".standings");
    card.classList.toggle("many", tried.length > MANY);
    for (const [index, heading] of card.querySelectorAll('[data-slot="heading"]').entries()) show(heading, tried.includes(index + 1));
    return tried;
  }

  #drawRow(element, row, run, leader, tried) {
    const slot = (name) => element.querySelector(`[data-slot="${name}"]`);
    const failed = row.result !== null && row.result.status !== "OK";
    const byLaps = this.board.ranking_unit === "laps";
    for (const medal of [1, 2, 3]) element.classList.toggle(`p${medal}`, row.place === medal && row.result !== null && !failed);
    setText(slot("place"), row.place === null ? "—" : String(row.place));
    show(slot("shared"), row.tied);
    show(slot("unresolved"), row.unresolved);
    setText(slot("team"), row.team);
    slot("team").href = `/board/${encodeURIComponent(this.dataset.slug)}/entries/${encodeURIComponent(row.entry)}`;
    setText(slot("school"), row.school);
    for (const [index, cell] of element.querySelectorAll('[data-slot="attempt"]').entries()) {
      const attempt = row.attempts[index] ?? null;
      show(cell, tried.includes(index + 1));
      cell.classList.toggle("counts", attempt?.status === "OK" && isSame(attempt, row.result));
      if (!attempt && run?.attempt === index + 1) this.#mark(cell, run.phase);
      else this.#outcome(cell, attempt);
    }
    slot("result").parentElement.classList.toggle("no-result", failed);
    if (failed) setText(slot("result"), this.#strings[row.result.status]);
    else if (byLaps && row.result) setText(slot("result"), String(row.result.laps));
    else this.#outcome(slot("result"), row.result);
    const timed = row.result?.status === "OK" && this.board.ranking_unit === "time";
    const lapsTime = byLaps && row.result?.status === "OK" ? formatTime(row.result.value_us, this.language) : "";
    setText(slot("bound"), timed ? formatBound(row.result.bound_us, this.language) : lapsTime);
    const gap = timed && leader?.status === "OK" && row.place !== 1 ? row.result.value_us - leader.value_us : null;
    setText(slot("gap"), gap === null ? "" : formatGap(gap, this.language));
  }

  #mark(cell, phase) {
    if (cell.firstElementChild?.dataset.phase === phase) return;
    const words = phase === "running" ? this.#strings.on_track : this.#strings[phase];
    cell.replaceChildren(h("span", { class: "mark", "data-phase": phase, title: words }, h("span", { class: "hidden-visually" }, words)));
  }

  #outcome(cell, result) {
    if (!result) return setText(cell, "—");
    if (result.status === "OK") {
      const text = this.board.ranking_unit === "points" ? formatNumber(result.score ?? 0, this.language) : formatTime(result.value_us, this.language);
      return setText(cell, text);
    }
    if (cell.textContent === result.status && cell.firstElementChild) return;
    const short = document.createElement("abbr");
    short.title = this.#strings[result.status] ?? "";
    short.textContent = result.status;
    cell.replaceChildren(short);
  }

  // A result has just been accepted: the row is lit for a while, and told to who cannot see it move.
  #tell(element, row, climbed) {
    const up = element.querySelector('[data-slot="up"]');
    show(up, climbed > 0);
    setText(up, climbed > 0 ? `▲ ${climbed}` : "");
    up.title = fill(this.#strings.up, { count: climbed });
    element.classList.add("moved");
    clearTimeout(this.#moved.get(row.entry));
    const dim = () => {
      element.classList.remove("moved");
      show(up, false);
    };
    this.#moved.set(row.entry, setTimeout(dim, MOVED_MS));
    const result = element.querySelector('[data-slot="result"]').textContent;
    setText(this.#slots.get("news"), fill(this.#strings.news, { team: row.team, result, place: row.place ?? "—" }));
    this.pages?.showRow(element);
  }
}

const isSame = (a, b) => a?.status === b?.status && a?.value_us === b?.value_us && a?.score === b?.score && a?.laps === b?.laps;

const isSameList = (a, b) => a.length === b.length && a.every(([key, text], place) => key === b[place][0] && text === b[place][1]);

const stamp = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

customElements.define("live-board", LiveBoard);
