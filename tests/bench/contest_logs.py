"""A championship's log of any size, made by the rules themselves."""

from random import Random
from typing import Any

from competitions import commands as cmd
from competitions import events as ev
from competitions.disciplines import Discipline
from competitions.run_states import RunState
from competitions.runs import apply, decide

START_US = 1_790_000_000_000_000


def build_log(discipline: Discipline, teams: int, seed: int = 7) -> list[dict[str, Any]]:
    """Log lines as they are parsed from JSON: every team drives every attempt, most finish."""
    chance = Random(seed)
    records: list[dict[str, Any]] = []

    def log(kind: str, payload: dict[str, Any]) -> None:
        seq = len(records) + 1
        records.append(
            {
                "seq": seq,
                "at_us": START_US + seq * 1000,
                "actor": "judge",
                "source": "bench",
                "kind": kind,
                "payload": payload,
                "voids": None,
            }
        )

    log(*ev.to_record(ev.ContestCreated("bench", {"kk": "b", "ru": "b", "en": "b"}, {})))
    log(*ev.to_record(ev.DisciplineSet(discipline.text)))
    for team in range(1, teams + 1):
        log(*ev.to_record(ev.EntryAdded(str(team), f"Team {team}", f"School {team % 203}", {})))
    for attempt in range(1, discipline.attempts + 1):
        for team in range(1, teams + 1):
            state: RunState | None = None
            for command in _drive(f"r{attempt}-{team}", str(team), attempt, chance):
                for event in decide(discipline, state, command, START_US):
                    log(*ev.to_record(event))
                    state = apply(state, event)
    return records


def _drive(run: str, entry: str, attempt: int, chance: Random) -> list[cmd.Command]:
    elapsed_us = round(chance.gauss(14_000_000, 900_000))
    edges: list[cmd.Command] = [
        cmd.SeePassage("start", "B", 0, 0),
        cmd.SeePassage("finish", "B", elapsed_us, 400),
    ]
    finish = edges if chance.random() > 0.05 else [cmd.ProposeStatus("DNF", "stuck")]
    return [
        cmd.OpenRun(run, entry, attempt, "1"),
        cmd.Arm("0badcafe"),
        cmd.Armed(),
        *finish,
        cmd.Accept(),
        cmd.Sign("judge", "J"),
    ]
