"""The worked examples of a discipline, run as its test."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from competitions import commands as cmd
from competitions.aggregation import aggregate
from competitions.disciplines.discipline import Discipline, ExampleRun, ExampleStep, ExampleTable
from competitions.errors import CompetitionError, RuleError
from competitions.measurements import check_measurement
from competitions.placing import rank
from competitions.runs import RunState, apply, decide
from competitions.scoring import score
from competitions.statuses import Status


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An example that the discipline does not keep: what was expected of `subject`, and what came."""

    example: str
    subject: str
    expected: object
    got: object


def check_examples(discipline: Discipline) -> tuple[Mismatch, ...]:
    """Every example that comes out differently; empty is good."""
    found: list[Mismatch] = []
    for example in discipline.examples:
        try:
            if isinstance(example, ExampleTable):
                found += _check_table(discipline, example)
            else:
                found += _check_run(discipline, example)
        except CompetitionError as error:
            found.append(Mismatch(example.name, "error", None, str(error)))
    return tuple(found)


def _check_table(discipline: Discipline, example: ExampleTable) -> Iterator[Mismatch]:
    results = []
    for row in example.rows:
        if len(row.attempts) > discipline.attempts:
            raise RuleError("no_such_attempt", attempt=len(row.attempts), attempts=discipline.attempts)
        missing = (None,) * (discipline.attempts - len(row.attempts))
        for each in row.attempts:
            if each is not None:
                check_measurement(discipline, each)
        attempts = tuple(None if each is None else score(discipline, each) for each in row.attempts)
        results.append(aggregate(discipline, row.entry, attempts + missing))
    table = {each.entry: each for each in rank(results, discipline.ranking, discipline.tie)}
    for row in example.rows:
        expected = (row.place, row.unresolved)
        got = (table[row.entry].place, table[row.entry].unresolved)
        if got != expected:
            yield Mismatch(example.name, row.entry, expected, got)


def _check_run(discipline: Discipline, example: ExampleRun) -> Iterator[Mismatch]:
    state: RunState | None = None
    opening = cmd.OpenRun("example", "example", 1, "1")
    steps: list[cmd.Command] = [opening, *(each for step in example.steps for each in _commands(step))]
    for command in steps:
        for event in decide(discipline, state, command, _now_us(discipline, command)):
            state = apply(state, event)
    assert state is not None
    result = state.result or state.proposal
    for name, expected in example.expect.items():
        got: Any = state.phase if name == "phase" else getattr(result, name, None)
        if got != expected:
            yield Mismatch(example.name, name, expected, got)


def _now_us(discipline: Discipline, command: cmd.Command) -> int:
    limit = isinstance(command, cmd.ReachTimeLimit)
    return discipline.time_limit_us or 0 if limit else 0


def _commands(step: ExampleStep) -> tuple[cmd.Command, ...]:
    match step.what:
        case "arm":
            return (cmd.Arm("example"), cmd.Armed())
        case "signal":
            return (cmd.Signal(),)
        case "limit":
            return (cmd.ReachTimeLimit(),)
        case "accept":
            return (cmd.Accept(),)
        case "passage":
            return (cmd.SeePassage(step.point, step.edge, step.at_us or 0, step.bound_us),)
        case "penalty":
            assert isinstance(step.value, int)
            return (cmd.SetPenalty(step.point, step.value),)
        case "param":
            return (cmd.SetParam(step.point, step.value),)
    return (cmd.ProposeStatus(Status(str(step.value)), "example"),)
