// The desk as this tablet's own presses will make it: attempts begun or accepted while the network is away.
const ENDS = ["accept", "void", "rerun"];
const ENDED = { accepted: "accept", voided: "void", rerun: "rerun" };

// `views` are runs that this tablet has seen, perhaps later than the desk; `tell` puts a result into words.
export function overlayDesk(desk, views, writes, tell) {
  const shown = {
    ...desk,
    fields: desk.fields.map((field) => ({ ...field, runs: field.runs.map((run) => ({ ...run })) })),
    entries: desk.entries.map((entry) => ({ ...entry, attempts: [...entry.attempts] })),
  };
  const newer = [...views].filter((view) => view.rev > desk.rev).sort((a, b) => a.rev - b.rev);
  for (const view of newer) see(shown, view, tell);
  for (const run of new Set(writes.map((write) => write.run))) {
    const known = trace(shown, run, writes.filter((write) => write.run === run));
    if (known.entry && known.end) close(shown, { ...known, kind: known.end.kind, result: known.end.seen, state: "kept" }, tell);
    else if (known.entry) open(shown, known);
  }
  return shown;
}

function see(desk, view, tell) {
  const entry = desk.entries.find((each) => each.entry === view.entry);
  const field = desk.fields.find((each) => each.field === view.field);
  if (!entry) return;
  const kind = ENDED[view.phase];
  if (kind) return close(desk, { ...view, entry, kind }, tell);
  for (const each of desk.fields) each.runs = each.runs.filter((row) => row.run !== view.run);
  field?.runs.push({ ...view });
  entry.run = view.run;
  skip(entry, view.attempt);
}

// Whose attempt a run is: told by the lab, or by the press that opens it.
function trace(desk, run, writes) {
  const opened = writes.find((write) => write.kind === "open_run")?.payload;
  const row = desk.fields.flatMap((field) => field.runs).find((each) => each.run === run);
  const told = opened ?? row;
  const entry = desk.entries.find((each) => (told ? each.entry === told.entry : each.attempts.some((attempt) => attempt?.run === run)));
  const attempt = told?.attempt ?? (entry ? entry.attempts.findIndex((each) => each?.run === run) + 1 : 0);
  const refused = writes.some((write) => write.state === "refused");
  const end = refused ? null : writes.filter((write) => ENDS.includes(write.kind)).pop();
  return { run, entry, attempt, opened, row, refused, end };
}

function close(desk, { run, entry, attempt, kind, result, state }, tell) {
  for (const field of desk.fields) field.runs = field.runs.filter((each) => each.run !== run);
  if (entry.run === run) entry.run = null;
  if (kind === "accept") {
    entry.attempts[attempt - 1] = { run, status: result?.status ?? "", text: tell(result), state };
    skip(entry, attempt);
  } else {
    if (entry.attempts[attempt - 1]?.run === run) entry.attempts[attempt - 1] = null;
    if (!entry.attempts[attempt - 1]) entry.next = Math.min(attempt, entry.next ?? attempt);
  }
}

function open(desk, { run, entry, attempt, opened, row, refused }) {
  if (row && refused) row.state = "refused";
  if (!opened) return;
  const field = desk.fields.find((each) => each.field === opened.field);
  if (!row && field) field.runs.push({ ...opened, team: entry.team, phase: "ready", state: refused ? "refused" : "kept" });
  entry.run ??= run;
  skip(entry, attempt);
}

function skip(entry, taken) {
  if (entry.next !== taken) return;
  const index = entry.attempts.findIndex((attempt, at) => at >= taken && !attempt);
  entry.next = index < 0 ? null : index + 1;
}
