// A run as the judge's own presses will make it, shown at once while they are still on the way.
const blank = (desk, { run, entry, attempt, field, lane, heat }) => {
  const team = desk.entries.find((each) => each.entry === entry) ?? { team: "", school: "" };
  return {
    run, entry, attempt, field, lane, heat,
    team: team.team, school: team.school, attempts: desk.attempts,
    phase: "ready", started: false, age_us: null, elapsed_us: null, proposal: null, result: null,
    penalties: desk.penalties.map((rule) => ({ ...rule, count: 0 })),
    params: desk.params.map((param) => ({ ...param, value: null })),
    signatures: [], timeline: [], faults: [], heat_runs: [],
    gates: (desk.fields.find((each) => each.field === field)?.gates ?? []).filter((gate) => gate.lane === lane),
    allowed: [], rev: -1,
  };
};

const takesLaps = (view) => view.penalties.some((rule) => rule.laps && rule.count);
const isOut = (view) => view.penalties.some((rule) => rule.dsq_at && rule.count >= rule.dsq_at);

// `own`: made on this tablet, where null is what only the lab can count; in the lab's proposals it is a value.
const declared = (status) => ({ status, value_us: null, counted_us: null, bound_us: 0, score: null, own: true });

// Only plain time penalties are counted here; for all else the lab's own count is waited for.
function count(view, { value_us: manualUs, bound_us, laps = null, best_lap_us = null }) {
  const base = { counted_us: manualUs, bound_us, counted_laps: laps, laps: takesLaps(view) ? null : laps, best_lap_us, score: null, manual: true, own: true };
  if (isOut(view)) return { ...base, status: "DSQ", value_us: null };
  const plain = view.penalties.every((rule) => !rule.count || (!rule.points && !rule.laps));
  const added = view.penalties.reduce((sum, rule) => sum + rule.count * (rule.time_us ?? 0), 0);
  return { ...base, status: "OK", value_us: plain ? manualUs + added : null };
}

const STEPS = {
  arm: (view) => ({ ...view, phase: "arming" }),
  signal: (view) => ({ ...view, signalled: true }),
  set_penalty: (view, { code, count: times }) => recount({ ...view, penalties: view.penalties.map((rule) => (rule.code === code ? { ...rule, count: times } : rule)) }, view),
  set_param: (view, { name, value }) => recount({ ...view, params: view.params.map((param) => (param.id === name ? { ...param, value } : param)) }, view),
  propose_manual: (view, payload) => ({ ...view, phase: "proposed", proposal: count(view, payload) }),
  propose_status: (view, { status }) =>
    status === "OK" ? view : { ...view, phase: "proposed", proposal: declared(status) },
  accept: (view) => ({ ...view, phase: "accepted", result: view.proposal }),
  void: (view) => ({ ...view, phase: "voided" }),
  rerun: (view) => ({ ...view, phase: "rerun" }),
  sign: (view, { role, name }) => ({ ...view, signatures: [...view.signatures, { role, name }] }),
};

const sheet = ({ penalties, params }) => JSON.stringify([penalties.map((rule) => rule.count), params.map((param) => param.value)]);

function recount(view, before) {
  const { proposal } = view;
  if (view.phase !== "proposed" || !proposal) return view;
  if (proposal.manual) return { ...view, proposal: count(view, { ...proposal, value_us: proposal.counted_us, laps: proposal.counted_laps }) };
  // What the lab counted last, and with which penalties and entries: taken back, a press changes nothing.
  const from = proposal.from ?? { proposal, penalties: before.penalties, params: before.params };
  const known = from.proposal;
  if (sheet(view) === sheet(from)) return { ...view, proposal: known };
  const own = { ...known, laps: view.penalties.some((rule) => rule.laps) ? null : known.laps, score: null, own: true, from };
  if (isOut(view)) return { ...view, proposal: { ...own, status: "DSQ", value_us: null } };
  const sum = (run) => run.penalties.reduce((total, rule) => total + rule.count * (rule.time_us ?? 0), 0);
  const plain = known.status === "OK" && known.value_us !== null && view.penalties.every((rule) => !rule.points && !rule.laps);
  return { ...view, proposal: { ...own, value_us: plain ? known.value_us + sum(view) - sum(from) : null } };
}

const RANKED = ["value_us", "counted_us", "score", "laps", "best_lap_us"];

// What the judge saw when pressing Accept: the lab refuses if it has something else by then.
export function seenIn({ proposal, penalties, params }) {
  const names = ["OK", "DNF"].includes(proposal.status) ? RANKED.filter((name) => !proposal.own || typeof proposal[name] === "number") : [];
  return {
    status: proposal.status,
    ...Object.fromEntries(names.map((name) => [name, proposal[name] ?? null])),
    penalties: Object.fromEntries(penalties.map(({ code, count: times }) => [code, times])),
    params: Object.fromEntries(params.map(({ id, value }) => [id, value])),
  };
}

export function overlay(view, writes, desk) {
  let shown = view;
  for (const write of writes) {
    if (write.kind === "open_run") shown ??= blank(desk, write.payload);
    else if (shown && STEPS[write.kind]) shown = STEPS[write.kind](shown, write.payload);
  }
  return shown;
}

// What the judge may press now, also where only this tablet knows the run.
const AFTER = {
  ready: ["arm", "set_penalty", "set_param", "propose_manual", "propose_status", "void", "rerun"],
  arming: ["arm", "set_penalty", "set_param", "propose_manual", "propose_status", "void", "rerun"],
  armed: ["arm", "set_penalty", "set_param", "propose_manual", "propose_status", "void", "rerun"],
  running: ["set_penalty", "set_param", "propose_manual", "propose_status", "void", "rerun"],
  proposed: ["accept", "set_penalty", "set_param", "propose_manual", "propose_status", "void", "rerun"],
  accepted: ["sign", "void", "rerun"],
  voided: [],
  rerun: [],
};

export const listAllowed = (shown, view, writes) => new Set(writes.length || !view ? AFTER[shown.phase] : view.allowed);
