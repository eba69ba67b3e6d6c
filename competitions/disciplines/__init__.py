"""Disciplines as data: one TOML file each, beside this module."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from competitions.disciplines.discipline import (
    Aggregate,
    Discipline,
    Finish,
    Laps,
    Param,
    PenaltyRule,
    RankingKey,
    Start,
)
from competitions.disciplines.parsing import parse_discipline
from competitions.errors import DisciplineError

__all__ = [
    "Aggregate",
    "Discipline",
    "DisciplineError",
    "Finish",
    "Laps",
    "Param",
    "PenaltyRule",
    "RankingKey",
    "Start",
    "iter_disciplines",
    "load_discipline",
    "parse_discipline",
]


def load_discipline(path: Path) -> Discipline:
    """The discipline of a file.

    Raises OSError, or DisciplineError (not_utf8 beside those of `parse_discipline`).
    """
    try:
        return parse_discipline(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DisciplineError("not_utf8", byte=error.start) from error


def iter_disciplines() -> Iterator[Discipline]:
    """The disciplines that come with the package, by id."""
    folder = resources.files(__name__)
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".toml"):
            yield parse_discipline(entry.read_text("utf-8"))
