"""A bench for runs: commands in, state and records out."""

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from competitions import commands as cmd
from competitions import events as ev
from competitions.disciplines import Discipline
from competitions.errors import RuleError
from competitions.records import Record
from competitions.runs import RunState, apply, decide
from competitions.shapes import shape

KINDS = {each.KIND: each for each in (*get_args(ev.RunEvent), *get_args(ev.ContestEvent))}

BASE = """
id = "sprint"
version = 1
attempts = 2
{settings}
[name]
kk = "Жарыс"
ru = "Спринт"
en = "Sprint"
{tables}
[[ranking]]
key = "{key}"
direction = "asc"
unit = "us"
[ranking.name]
kk = "Уақыт"
ru = "Время"
en = "Time"
"""


def discipline_text(settings: str = "", tables: str = "", key: str = "time_us") -> str:
    return BASE.format(settings=settings, tables=tables, key=key)


def penalty(code: str, effect: str) -> str:
    return f'[[penalties]]\ncode = "{code}"\n{effect}\n[penalties.name]\nkk = "a"\nru = "b"\nen = "c"\n'


def read_event(kind: str, payload: Mapping[str, Any]) -> ev.Event:
    """What `ev.to_record` made a record of."""
    event: ev.Event = shape(KINDS[kind], payload)
    return event


class Bench:
    """One run under one discipline; every event is applied and kept."""

    def __init__(
        self, discipline: Discipline, *, run: str = "r1", entry: str = "Aqqu", attempt: int = 1
    ) -> None:
        self.discipline = discipline
        self.state: RunState | None = None
        self.events: list[ev.RunEvent] = []
        self.now_us = 0
        self.seq = 0
        self.do(cmd.OpenRun(run, entry, attempt, "1"))

    def do(self, command: cmd.Command) -> list[str]:
        events = decide(self.discipline, self.state, command, self.now_us)
        for event in events:
            self.state = apply(self.state, event, seq=len(self.events) + 1)
            self.events.append(event)
        return [event.KIND for event in events]

    def arm(self) -> "Bench":
        self.do(cmd.Arm("0a1b2c3d"))
        self.do(cmd.Armed({"gate-a1b2c3": {"seq": self.seq}}))
        return self

    def passage(self, point: str, at_us: int | None = 0, *, edge: str = "B", bound_us: int = 0) -> list[str]:
        self.seq += 1
        evidence: dict[str, object] = {"device": "gate-a1b2c3", "boot": "5f3a", "seq": self.seq}
        if at_us is None:
            evidence["problem"] = "boards_restarted"
        return self.do(cmd.SeePassage(point, edge, at_us, bound_us, evidence))

    @property
    def run(self) -> RunState:
        assert self.state is not None
        return self.state

    def records(self, after: int = 0) -> list[Record]:
        return [
            Record(after + number, number, "judge", "test", *ev.to_record(event))
            for number, event in enumerate(self.events, 1)
        ]


def refused(bench: Bench, command: cmd.Command) -> tuple[str, dict[str, object]]:
    with pytest.raises(RuleError) as error:
        bench.do(command)
    return error.value.code, error.value.params
