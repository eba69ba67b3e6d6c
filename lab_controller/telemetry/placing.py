"""Where readings come to stand: each at a moment of its own, and the same one when it comes again."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field

from sqlmodel import Session, col, func, select

from lab_controller.telemetry.axis import Axis
from lab_controller.telemetry.batches import Batch
from lab_controller.telemetry.rollup import floor_minute
from lab_controller.telemetry.tables import ReadingRow, Series

# A minute that has been rolled up is counted again for readings as late as this: they are all still there.
COUNTED_AGAIN_US = 86_400_000_000
MOST_AXES = 50_000
_PENDING = "axes"

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


class Placing:
    """Places batches within one transaction; `known` are the axes of those before it."""

    def __init__(self, session: Session, known: Axes) -> None:
        self._session = session
        self._known = known
        self.axes: Axes = session.info.setdefault(_PENDING, Axes())
        self.rows: list[Row] = []

    def place(self, series: Series, batch: Batch) -> None:
        """Add its rows. A plain value of what is streamed is in the stream already."""
        number = series.id or 0
        if batch.us is None:
            if series.offset_us is None:
                self.rows.append((number, batch.received_us, float(batch.values[0])))
            return
        us = batch.us if len(set(batch.us)) == len(batch.us) else list(part(batch.us, set()))
        axis = self._axis(series, us, batch.received_us)
        new_us = 0
        if series.offset_us is not None:
            new_us = axis.follow(
                us,
                batch.received_us,
                lambda: self._is_stored(number, axis.place(us), batch.values),
                self._other(series.device),
            )
        if series.offset_us != axis.offset_us:
            series.offset_us = axis.offset_us
        self.axes.of_series[number] = self.axes.of_device[series.device] = axis
        times = axis.place(us)
        oldest_us = min(times)
        if oldest_us <= axis.written_us:
            times = self._make_room(number, us, times, new_us)
        if series.rolled_us - COUNTED_AGAIN_US < oldest_us < series.rolled_us:
            series.rolled_us = floor_minute(max(oldest_us, 0))
        self.rows += [(number, at_us, float(value)) for at_us, value in zip(times, batch.values, strict=True)]

    def _axis(self, series: Series, us: Collection[int], received_us: int) -> Axis:
        """To be changed: what an axis becomes counts from the commit on."""
        number, newest_us = series.id or 0, max(us)
        if series.offset_us is None:
            apart_us, other = received_us - newest_us, self._other(series.device)
            known = other is not None and other.is_of(newest_us, apart_us)
            return Axis.begin(
                other.offset_us if other and known else apart_us, newest_us, received_us, apart_us
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
        wanted = {(number, at_us, float(value)) for at_us, value in zip(times, values, strict=True)}
        missing = wanted.difference(self.rows)
        return not missing or missing <= set(self._find(number, min(times), max(times)))

    def _make_room(self, number: int, us: Iterable[int], times: list[int], new_us: int) -> list[int]:
        """An earlier offset has placed readings here: none of them is to be taken for a new one."""
        taken = {at_us for _, at_us, _ in self._find(number, min(times), max(times) + len(times))}
        taken.update(at_us for of, at_us, _ in self.rows if of == number)
        placed = zip(us, times, strict=True)
        return [next(part([at_us], taken)) if stamp >= new_us else at_us for stamp, at_us in placed]

    def _find(self, number: int, from_us: int, to_us: int) -> list[Row]:
        at_us = col(ReadingRow.at_us)
        query = select(ReadingRow.series_id, ReadingRow.at_us, ReadingRow.value).where(
            ReadingRow.series_id == number, at_us >= from_us, at_us <= to_us
        )
        return [(row[0], row[1], row[2]) for row in self._session.exec(query)]


def part(us: Iterable[int], taken: set[int]) -> Iterator[int]:
    """Each at the first free microsecond from its own on; `taken` grows by them."""
    for at_us in us:
        free_us = at_us
        while free_us in taken:
            free_us += 1
        taken.add(free_us)
        yield free_us
