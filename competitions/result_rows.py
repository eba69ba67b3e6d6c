"""Results from a sheet: rows of text to teams' attempts, with every mistake named by row and column."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from competitions.disciplines.discipline import Discipline
from competitions.errors import CompetitionError, RuleError
from competitions.measurements import check_measurement, missing_param
from competitions.results import Measurement, ParamValue, Result
from competitions.scoring import score
from competitions.statuses import Status

ALIASES = {
    "team": ("team", "entry", "команда"),
    "attempt": ("attempt", "run", "попытка", "талпыныс"),
    "time": ("time", "time_s", "время", "уақыт"),
    "bound": ("bound", "bound_s"),
    "status": ("status", "статус", "мәртебе"),
    "laps": ("laps", "круги", "айналым"),
    "best_lap": ("best_lap", "best_lap_s"),
}
TIME = re.compile(r"(?:(?:([0-9]{1,3}):)?([0-9]{1,3}):)?([0-9]{1,6})(?:[.,]([0-9]{1,6}))?")
NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:[.,][0-9]{1,9})?")
TOGGLES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
T = TypeVar("T")
NOT_COUNTED = (Status.VOID, Status.RERUN)


@dataclass(frozen=True, slots=True)
class Mistake:
    """`row` as the sheet's reader sees it; `column` by its header, or empty for the whole row."""

    row: int
    column: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TeamRows:
    """Teams in the order of the sheet, each with its attempts (None: not run)."""

    teams: dict[str, tuple[Result | None, ...]]
    mistakes: tuple[Mistake, ...]


def parse_time(text: str) -> int:
    """Microseconds of `12.483`, `12,483`, `1:02.5` or `1:00:02`.

    Raises RuleError bad_time.
    """
    found = TIME.fullmatch(text.strip())
    if found is None:
        raise RuleError("bad_time", value=text[:40])
    hours, minutes, seconds, fraction = found.groups()
    if (minutes is not None and int(seconds) > 59) or (hours is not None and int(minutes) > 59):
        raise RuleError("bad_time", value=text[:40])
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds)
    return whole * 1_000_000 + int((fraction or "0").ljust(6, "0"))


def is_number(text: str) -> bool:
    """Is it a plain number, also one with a sign that a sheet might take for a formula?"""
    return NUMBER.fullmatch(text) is not None


def parse_rows(
    discipline: Discipline, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]
) -> TeamRows:
    """Attempts of a sheet with one attempt a row, or one team a row and its attempts in columns 1, 2, 3.

    Columns: team, attempt, time, bound, status, laps, best_lap, and the codes of the discipline's
    penalties and params. Nothing is guessed: a mistake costs its row, and is told.
    """
    reader = _Reader(discipline)
    columns = reader.columns(header)
    if not reader.mistakes:
        for number, cells in rows:
            reader.read(number, columns, cells)
    width = discipline.attempts
    teams = {
        team: tuple(attempts.get(number) for number in range(1, width + 1))
        for team, attempts in reader.teams.items()
    }
    return TeamRows(teams, tuple(reader.mistakes))


class _Reader:
    def __init__(self, discipline: Discipline) -> None:
        self.discipline = discipline
        self.teams: dict[str, dict[int, Result | None]] = {}
        self.mistakes: list[Mistake] = []
        codes = [each.code for each in discipline.penalties] + [each.id for each in discipline.params]
        self._known = {code.lower(): code for code in codes}
        self._known |= {alias: name for name, aliases in ALIASES.items() for alias in aliases}

    def columns(self, header: Sequence[str]) -> list[str]:
        """The name of each column; attempts in columns of their own are named by their number."""
        columns: list[str] = []
        for told in header:
            text = told.strip()
            name = text if text.isascii() and text.isdigit() else self._known.get(text.lower(), "")
            if not name and text:
                known = sorted({*ALIASES, *(self._known[each] for each in self._known)})
                self._mistake(1, text, "unknown_column", known=known)
            elif name and name in columns:
                self._mistake(1, text, "repeated_column")
            columns.append(name)
        if "team" not in columns:
            self._mistake(1, "team", "no_team_column")
        wide = [each for each in columns if each.isdigit()]
        for name in wide:
            if not 1 <= int(name) <= self.discipline.attempts:
                self._mistake(1, name, "no_such_attempt", attempts=self.discipline.attempts)
        if wide and any(each and each != "team" and not each.isdigit() for each in columns):
            self._mistake(1, "", "mixed_columns")
        if not wide and "time" not in columns and "status" not in columns:
            self._mistake(1, "", "no_result_column")
        return columns

    def read(self, row: int, columns: Sequence[str], cells: Sequence[str]) -> None:
        if any(cell.strip() for cell in cells[len(columns) :]):
            self._mistake(row, "", "too_many_cells", columns=len(columns))
            return
        given = {
            name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name and cell.strip()
        }
        team = given.pop("team", "")
        if not team:
            self._mistake(row, "team", "team_missing")
            return
        attempts = self.teams.setdefault(team, {})
        if any(name.isdigit() for name in columns):
            if attempts:
                self._mistake(row, "team", "team_repeated", team=team)
                return
            for name, cell in given.items():
                self._attempt(row, name, attempts, int(name), {"time": cell})
        elif given:
            number = self._number_of(row, given.pop("attempt", ""), attempts)
            if number is not None:
                self._attempt(row, "", attempts, number, given)

    def _number_of(self, row: int, text: str, attempts: dict[int, Result | None]) -> int | None:
        number = int(text) if re.fullmatch(r"[0-9]{1,4}", text) else None
        if not text:
            number = max(attempts, default=0) + 1
        if number is None:
            self._mistake(row, "attempt", "bad_number", value=text[:40])
        elif not 1 <= number <= self.discipline.attempts:
            self._mistake(row, "attempt", "no_such_attempt", attempts=self.discipline.attempts)
        elif number in attempts:
            self._mistake(row, "attempt", "attempt_repeated", attempt=number)
        else:
            return number
        return None

    def _attempt(
        self, row: int, column: str, attempts: dict[int, Result | None], number: int, given: dict[str, str]
    ) -> None:
        before = len(self.mistakes)
        cells = _Cells(row, column, given, self.mistakes)
        measured, status = self._measurement(cells)
        if len(self.mistakes) > before:
            return
        if status in NOT_COUNTED or (measured == Measurement() and status is None):
            attempts[number] = None
            return
        try:
            check_measurement(self.discipline, measured)
            result = score(self.discipline, measured)
        except CompetitionError as error:
            self._mistake(row, column or str(error.params.get("name", "")), error.code, **error.params)
            return
        missing = missing_param(self.discipline, result.status, measured.params)
        if missing is not None:
            self._mistake(row, missing, "param_missing", name=missing)
        elif status is Status.OK and result.status is not Status.OK and measured.elapsed_us is None:
            self._mistake(row, column or "time", "time_missing")
        else:
            attempts[number] = result

    def _measurement(self, cells: "_Cells") -> tuple[Measurement, Status | None]:
        status = cells.read("status", _status)
        if cells.given.get("time", "").upper() in Status.__members__:
            stated, status = status, cells.read("time", _status)
            elapsed_us = None
            if stated not in (None, status):
                cells.mistake("status", "two_statuses")
        else:
            elapsed_us = cells.read("time", parse_time)
        laps = cells.read("laps", _whole)
        if self.discipline.laps is not None and laps is None and elapsed_us is not None:
            laps = self.discipline.laps.count
            if laps is None:
                cells.mistake("laps", "laps_missing")
        penalties = {each.code: cells.read(each.code, _whole) for each in self.discipline.penalties}
        params = {each.id: cells.read(each.id, _PARAMS[each.kind]) for each in self.discipline.params}
        return (
            Measurement(
                elapsed_us,
                cells.read("bound", parse_time) or 0,
                laps,
                cells.read("best_lap", parse_time),
                declared=None if status in (None, Status.OK, *NOT_COUNTED) else status,
                penalties={code: count for code, count in penalties.items() if count},
                params={name: value for name, value in params.items() if value is not None},
            ),
            status,
        )

    def _mistake(self, row: int, column: str, code: str, **params: Any) -> None:
        self.mistakes.append(Mistake(row, column, code, params))


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one attempt; what cannot be read is a mistake and None."""

    row: int
    column: str
    given: dict[str, str]
    mistakes: list[Mistake]

    def read(self, name: str, parse: Callable[[str], T]) -> T | None:
        text = self.given.get(name)
        if text is None:
            return None
        try:
            return parse(text)
        except RuleError as error:
            self.mistake(name, error.code, **error.params)
            return None

    def mistake(self, name: str, code: str, **params: Any) -> None:
        self.mistakes.append(Mistake(self.row, self.column or name, code, params))


def _status(text: str) -> Status:
    try:
        return Status(text.upper())
    except ValueError:
        raise RuleError("bad_status", value=text[:40], known=[each.value for each in Status]) from None


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", text):
        raise RuleError("bad_number", value=text[:40])
    return int(text)


def _decimal(text: str) -> float:
    if not is_number(text):
        raise RuleError("bad_number", value=text[:40])
    return float(text.replace(",", "."))


def _toggle(text: str) -> bool:
    if text.lower() not in TOGGLES:
        raise RuleError("bad_toggle", value=text[:40], known=sorted(TOGGLES))
    return TOGGLES[text.lower()]


_PARAMS: dict[str, Callable[[str], ParamValue]] = {
    "number": _whole,
    "decimal": _decimal,
    "time_us": parse_time,
    "toggle": _toggle,
}
