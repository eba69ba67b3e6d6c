// The desk as this tablet's own presses will make it: attempts begun or accepted while the network is away.
const ENDS = ["accept", "void", "rerun"];

// `tell` says in words what was seen when a result was accepted.
export function overlayDesk(desk, writes, tell) {
  const shown = {
    ...desk,
    fields: desk.fields.map((field) => ({ ...field, runs: field.runs.map((run) => ({ ...run })) })),
    entries: desk.entries.map((entry) => ({ ...entry, attempts: [...entry.attempts] })),
  };
  for (const run of new Set(writes.map((write) => write.run))) {
    const known = trace(shown, run, writes.filter((write) => write.run === run));
    if (known.entry && known.end) close(shown, known, tell);
    else if (known.entry) open(shown, known);
  }
  return shown;
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

function close(desk, { run, entry, attempt, end }, tell) {
  for (const field of desk.fields) field.runs = field.runs.filter((each) => each.run !== run);
  if (entry.run === run) entry.run = null;
  const accepted = end.kind === "accept";
  entry.attempts[attempt - 1] = accepted ? { run, status: end.seen?.status ?? "", text: tell(end.seen), state: "kept" } : null;
  if (accepted) skip(entry, attempt);
  else entry.next = Math.min(attempt, entry.next ?? attempt);
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
