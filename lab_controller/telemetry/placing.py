"""Where readings come to stand: each at a moment of its own, and the same one when it comes again."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import chain
from random import Random

from sqlmodel import Session, col, func, select

from lab_controller.telemetry.axis import Axis, find_least
from lab_controller.telemetry.batches import Batch
from lab_controller.telemetry.rollup import floor_minute
from lab_controller.telemetry.tables import ReadingRow, Series

# A minute that has been rolled up is counted again for readings as late as this: they are all still there.
COUNTED_AGAIN_US = 86_400_000_000
MOST_AXES = 50_000
_PENDING = "axes"
_ASKED_AT_ONCE = 1000
_MOST_AHEAD_US = 65_536

Row = tuple[int, int, float]
"""Of a series, at a microsecond of wall time."""


@dataclass
class Axes:
    """By series, and the one that was last in use of each device."""

    of_series: dict[int, Axis] = field(default_factory=dict)
    of_device: dict[str, Axis] = field(default_factory=dict)

    def take(self, new: "Axes") -> None:
        """What a transaction has found, once it is committed."""
        if len(self.of_series) > MOST_AXES:
            self.of_series.clear()
            self.of_device.clear()
        self.of_series.update(new.of_series)
        self.of_device.update(new.of_device)


@dataclass(slots=True)
class _Placed:
    times: list[int]
    values: Sequence[float]
    is_new: list[bool] | None
    """Which of them cannot have come before; None for all."""


@dataclass(slots=True)
class _Added:
    """To one series, within the transaction."""

    batches: list[_Placed] = field(default_factory=list)
    is_crowded: bool = False
    """An earlier offset has placed readings here: none of them is to be taken for a new one."""
    _looked_at: int = 0
    _samples: set[tuple[int, float]] = field(default_factory=set)

    def samples(self) -> set[tuple[int, float]]:
        for placed in self.batches[self._looked_at :]:
            self._samples.update(zip(placed.times, placed.values, strict=True))
        self._looked_at = len(self.batches)
        return self._samples


class Placing:
    """Places batches within one transaction; `known` are the axes of those before it."""

    def __init__(self, session: Session, known: Axes) -> None:
        self._session = session
        self._known = known
        self.axes: Axes = session.info.setdefault(_PENDING, Axes())
        self._added: defaultdict[int, _Added] = defaultdict(_Added)

    def place(self, batches: Sequence[tuple[Series, Batch]]) -> list[Row]:
        """Their rows. A plain value of what is streamed is in the stream already."""
        rows: list[Row] = []
        arrivals: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        numbers = [series.id or 0 for series, _ in batches]
        for number, (_, batch) in zip(numbers, batches, strict=True):
            if batch.us is not None:
                arrivals[number].append((max(batch.us), batch.received_us))
        least = {number: iter(find_least(found)) for number, found in arrivals.items()}
        for number, (series, batch) in zip(numbers, batches, strict=True):
            if batch.us is not None:
                self._place(number, series, batch, batch.us, next(least[number]))
            elif series.offset_us is None:
                rows.append((number, batch.received_us, float(batch.values[0])))
        for number, added in self._added.items():
            values = chain.from_iterable(placed.values for placed in added.batches)
            times: Iterable[int] = chain.from_iterable(placed.times for placed in added.batches)
            if added.is_crowded:
                times = self._make_room(number, added.batches)
            rows += [(number, at_us, float(value)) for at_us, value in zip(times, values, strict=True)]
        return rows

    def _place(self, number: int, series: Series, batch: Batch, stamps: list[int], least_us: int) -> None:
        added = self._added[number]
        us = stamps if len(set(stamps)) == len(stamps) else list(part(stamps, {}))
        axis = self._axis(series, us, batch.received_us, least_us)
        new_us = 0
        if series.offset_us is not None:
            new_us = axis.follow(
                us,
                batch.received_us,
                lambda: self._is_stored(number, axis.place(us), batch.values),
                self._other(series.device),
                least_us,
            )
        if series.offset_us != axis.offset_us:
            series.offset_us = axis.offset_us
        self.axes.of_series[number] = self.axes.of_device[series.device] = axis
        times = axis.place(us)
        oldest_us = min(times)
        if oldest_us <= axis.written_us:
            added.is_crowded = True
        if series.rolled_us - COUNTED_AGAIN_US < oldest_us < series.rolled_us:
            series.rolled_us = floor_minute(max(oldest_us, 0))
        is_new = None if min(us) >= new_us else [stamp >= new_us for stamp in us]
        added.batches.append(_Placed(times, batch.values, is_new))

    def _axis(self, series: Series, us: Collection[int], received_us: int, least_us: int) -> Axis:
        """To be changed: what an axis becomes counts from the commit on."""
        number, newest_us = series.id or 0, max(us)
        if series.offset_us is None:
            apart_us, other = received_us - newest_us, self._other(series.device)
            known = other is not None and other.is_of(newest_us, least_us)
            return Axis.begin(
                other.offset_us if other and known else min(apart_us, least_us),
                newest_us,
                received_us,
                apart_us,
            )
        axis = self.axes.of_series.get(number) or copy(self._known.of_series.get(number))
        if axis is not None and axis.offset_us == series.offset_us:
            return axis
        found = select(func.max(ReadingRow.at_us)).where(ReadingRow.series_id == number)
        last_us = self._session.exec(found).one()
        newest_us = last_us - series.offset_us if last_us is not None else newest_us - 1
        return Axis.begin(series.offset_us, newest_us, received_us)

    def _other(self, device: str) -> Axis | None:
        return self.axes.of_device.get(device) or self._known.of_device.get(device)

    def _is_stored(self, number: int, times: Sequence[int], values: Sequence[float]) -> bool:
        missing = set(zip(times, values, strict=True)) - self._added[number].samples()
        return not missing or missing <= self._find(number, [at_us for at_us, _ in missing])

    def _make_room(self, number: int, batches: Sequence[_Placed]) -> list[int]:
        """Their times, those of new readings moved on to where none is stored."""
        stored: dict[int, int] = {}
        asked: set[int] = set()
        span_us = 1
        chance = Random(self.axes.of_series[number].newest_us ^ batches[0].times[0])  # noqa: S311  no secret
        while True:
            taken = dict(stored)
            times = [at_us for placed in batches for at_us in _part_new(placed, taken)]
            unknown = set(times) - asked
            if not unknown:
                return times
            # Where many stand side by side, few questions lead past them, and each transaction elsewhere.
            step_us = chance.randint(1, span_us)
            stored.update((at_us, at_us + step_us) for at_us, _ in self._find(number, unknown))
            asked |= unknown
            span_us = min(16 * span_us, _MOST_AHEAD_US)

    def _find(self, number: int, times: Iterable[int]) -> set[tuple[int, float]]:
        found: set[tuple[int, float]] = set()
        wanted = sorted(times)
        for begin in range(0, len(wanted), _ASKED_AT_ONCE):
            some = wanted[begin : begin + _ASKED_AT_ONCE]
            query = select(ReadingRow.at_us, ReadingRow.value).where(
                ReadingRow.series_id == number, col(ReadingRow.at_us).in_(some)
            )
            found.update((row[0], row[1]) for row in self._session.exec(query))
        return found


def _part_new(placed: _Placed, taken: dict[int, int]) -> Iterator[int]:
    if placed.is_new is None:
        yield from part(placed.times, taken)
        return
    for at_us, is_new in zip(placed.times, placed.is_new, strict=True):
        if is_new:
            yield from part([at_us], taken)
        else:
            taken.setdefault(at_us, at_us + 1)
            yield at_us


def part(us: Iterable[int], taken: dict[int, int]) -> Iterator[int]:
    """Each at the next free microsecond from its own on; `taken` leads from one to where to look next."""
    for at_us in us:
        passed, free_us = [], at_us
        while (later_us := taken.get(free_us)) is not None:
            passed.append(free_us)
            free_us = later_us
        taken[free_us] = free_us + 1
        for each in passed:
            taken[each] = free_us + 1
        yield free_us
