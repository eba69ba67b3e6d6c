"""Commercial race timers as data: what one says and hears is a TOML file of ten lines."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from devices.protocols.race_patterns import PatternError, compile_pattern

LINE_MAX = 200
LANES_MAX = 16
SECOND_US = 1_000_000
BITS_MAX = 0xFF
"""A mask of lanes is one byte."""
_WORD = re.compile(r"[\w-]+")

_TEXTS = {"name", "source", "end", "ready", "started", "finished", "force_end", "missing"}
_NUMBERS = {"lanes", "baud", "us_per_unit"}
_LISTS = {"setup", "arm", "results", "ignore"}
_TABLES = {
    "probe": {"say", "hear"},
    "gate": {"ask", "open", "closed"},
    "mask": {"clear", "lane", "bits", "base"},
}


class ProfileError(ValueError):
    """`key` of the file cannot be, `problem` why; `line` counts from 1, None where nothing is written."""

    def __init__(self, key: str, problem: str, line: int | None = None) -> None:
        super().__init__(key, problem)
        self.key = key
        self.problem = problem
        self.line = line

    def __str__(self) -> str:
        place = f"line {self.line}, " if self.line is not None else ""
        return f"{place}{self.key}: {self.problem}"


@dataclass(frozen=True)
class Profile:
    """One kind of timer. Patterns are regular expressions looked for in a line.

    `results` are looked for one after the other: groups `lane` and `time` make a result when both are
    known, so they may come on two lines. A time with a point is in seconds; one without counts units of
    `us_per_unit`. A time of zero is a lane that did not finish; with `missing` "dnf" so is one that is
    not told before `finished`.
    """

    name: str
    source: str
    lanes: int
    probe_say: str
    probe_hear: re.Pattern[str]
    results: tuple[re.Pattern[str], ...]
    baud: int = 9600
    end: str = "\r\n"
    setup: tuple[str, ...] = ()
    arm: tuple[str, ...] = ()
    ready: re.Pattern[str] | None = None
    started: re.Pattern[str] | None = None
    finished: re.Pattern[str] | None = None
    force_end: str | None = None
    gate_ask: str | None = None
    gate_open: re.Pattern[str] | None = None
    gate_closed: re.Pattern[str] | None = None
    mask_clear: str | None = None
    mask_lane: str | None = None
    mask_bits: str | None = None
    mask_base: int = 0
    ignore: tuple[re.Pattern[str], ...] = ()
    us_per_unit: int = SECOND_US
    missing: Literal["", "dnf"] = ""

    @property
    def says(self) -> frozenset[str]:
        """Every command of its own, as a timer may echo it."""
        more = (self.force_end, self.gate_ask, self.mask_clear)
        masks = [self._mask(lane) for lane in range(1, self.lanes + 1)]
        said = (self.probe_say, *self.setup, *self.arm, *masks, *more)
        return frozenset(each for each in said if each)

    def arming(self, lanes: Sequence[int]) -> tuple[str, ...]:
        """What makes the timer ready for a race on `lanes`, the others masked."""
        commands = [self.mask_clear] if self.mask_clear else []
        if self.mask_bits:
            bits = sum(1 << lane - 1 for lane in lanes)
            commands.append(self.mask_bits.replace("{bits}", chr(self.mask_base + bits)))
        elif self.mask_lane:
            commands += [self._mask(lane) for lane in range(1, self.lanes + 1) if lane not in lanes]
        return (*commands, *self.arm)

    def _mask(self, lane: int) -> str:
        return (self.mask_lane or "").replace("{lane}", str(lane)).replace("{letter}", chr(64 + lane))


def parse_profile(text: str) -> Profile:
    """Raises ProfileError at the first key that is unknown, missing or of the wrong kind."""
    try:
        told = tomllib.loads(text)
    except ValueError as error:
        raise ProfileError("file", str(error)) from error
    except RecursionError as error:
        raise ProfileError("file", "is too deeply nested") from error
    try:
        return _make_profile(told)
    except ProfileError as error:
        error.line = _find_line(text, error.key)
        raise


def _make_profile(told: Mapping[str, Any]) -> Profile:
    _check_keys(told)
    probe, gate, mask = (_table(told, key) for key in _TABLES)
    for key, home in (("name", told), ("lanes", told), ("results", told), ("say", probe), ("hear", probe)):
        if key not in home:
            raise ProfileError(key if home is told else f"probe.{key}", "is missing")
    if not 1 <= told["lanes"] <= LANES_MAX:
        raise ProfileError("lanes", f"must be 1 to {LANES_MAX}")
    results = tuple(_pattern("results", each) for each in told["results"])
    if {"lane", "time"} - {name for each in results for name in each.groupindex}:
        raise ProfileError("results", "need the groups lane and time")
    highest = mask.get("base", 0) + (1 << told["lanes"]) - 1
    if "bits" in mask and not 0 <= mask.get("base", 0) <= highest <= BITS_MAX:
        raise ProfileError("mask.base", "leaves no letter for the lanes")
    if told.get("missing", "") not in {"", "dnf"}:
        raise ProfileError("missing", 'must be "dnf"')
    return Profile(
        name=told["name"],
        source=told.get("source", ""),
        lanes=told["lanes"],
        probe_say=probe["say"],
        probe_hear=_pattern("probe.hear", probe["hear"]),
        results=results,
        baud=told.get("baud", 9600),
        end=told.get("end", "\r\n"),
        setup=tuple(told.get("setup", ())),
        arm=tuple(told.get("arm", ())),
        **{key: _pattern(key, told[key]) for key in ("ready", "started", "finished") if key in told},
        force_end=told.get("force_end"),
        gate_ask=gate.get("ask"),
        gate_open=_pattern("gate.open", gate["open"]) if "open" in gate else None,
        gate_closed=_pattern("gate.closed", gate["closed"]) if "closed" in gate else None,
        mask_clear=mask.get("clear"),
        mask_lane=mask.get("lane"),
        mask_bits=mask.get("bits"),
        mask_base=mask.get("base", 0),
        ignore=tuple(_pattern("ignore", each) for each in told.get("ignore", ())),
        us_per_unit=told.get("us_per_unit", SECOND_US),
        missing=told.get("missing", ""),
    )


def _find_line(text: str, key: str) -> int | None:
    """Where `gate.open` or its table is written: as `gate = {`, `[gate]` or `gate.open =`."""
    table, _, name = key.partition(".")
    found = None
    for number, line in enumerate(text.splitlines(), 1):
        words = _WORD.findall(line)
        if words[:1] == [table]:
            found = number
        if found is not None and (not name or name in words):
            return number
    return found


def _check_keys(told: Mapping[str, Any]) -> None:
    for key, value in told.items():
        if key in _TEXTS:
            right = isinstance(value, str)
        elif key in _NUMBERS:
            right = type(value) is int and value > 0
        elif key in _LISTS:
            right = isinstance(value, list) and all(isinstance(each, str) for each in value)
        elif key in _TABLES:
            right = isinstance(value, dict)
        else:
            raise ProfileError(key, "is not known")
        if not right:
            raise ProfileError(key, "is not what belongs here")


def _table(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table: Mapping[str, Any] = told.get(key, {})
    for name, value in table.items():
        if name not in _TABLES[key]:
            raise ProfileError(f"{key}.{name}", "is not known")
        if not isinstance(value, int if name == "base" else str):
            raise ProfileError(f"{key}.{name}", "is not what belongs here")
    return table


def _pattern(key: str, text: str) -> re.Pattern[str]:
    try:
        return compile_pattern(text, LINE_MAX)
    except PatternError as error:
        raise ProfileError(key, str(error)) from error
