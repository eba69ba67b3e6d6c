"""A field as its page shows it: each spot that needs a gate, and how the gate there is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from competitions.contest import ContestState
from web.championship_views import list_points
from web.device_views import DeviceHealth
from web.languages import load_catalogue

LEFT, RIGHT = 70, 530


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of a lane, which the rules need or where a gate stands all the same.

    `device` is the gate that stands there, `x` where the picture draws it.
    """

    point: str
    lane: int
    label: str
    x: int
    device: str = ""
    input: int = 0
    known: bool = False
    name: str = ""
    health: str = "off"
    state: str = ""
    problems: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FieldPicture:
    field: str
    lanes: int
    spots: list[Spot]

    @property
    def by_hand(self) -> bool:
        return not any(spot.device for spot in self.spots)

    @property
    def ready(self) -> bool:
        return all(spot.health in ("good", "live") for spot in self.spots)


def view_fields(state: ContestState, gates: Sequence[DeviceHealth], language: str) -> list[FieldPicture]:
    """The championship's fields by name, with their gates as they are now."""
    return [view_field(state, name, state.fields[name], gates, language) for name in sort_names(state.fields)]


def sort_names(names: Iterable[str]) -> list[str]:
    """Fields by their number, then by their name."""
    return sorted(names, key=lambda name: (name.zfill(8), name))


def view_field(
    state: ContestState,
    name: str,
    placed: Iterable[Mapping[str, Any]],
    gates: Sequence[DeviceHealth],
    language: str,
) -> FieldPicture:
    assert state.discipline is not None
    needed, lanes = list_points(state.discipline), state.discipline.lanes
    by_place = {(gate["point"], gate["lane"]): gate for gate in placed}
    known = {gate.id: gate for gate in gates}
    spots = []
    for lane in range(1, lanes + 1):
        between = [point for point, its_lane in by_place if its_lane == lane and point not in needed]
        points = [needed[0], *between, *needed[1:]]
        for position, point in enumerate(points):
            x = LEFT + (RIGHT - LEFT) * position // max(1, len(points) - 1)
            label = label_spot(point, lane, lanes, needed, language)
            gate = by_place.get((point, lane))
            if gate is None:
                state_word = load_catalogue(language).gettext("By hand")
                spots.append(Spot(point, lane, label, x, state=state_word))
            else:
                spots.append(
                    fill_spot(Spot(point, lane, label, x), gate, known.get(gate["device"]), language)
                )
    return FieldPicture(name, lanes, spots)


def fill_spot(spot: Spot, gate: Mapping[str, Any], device: DeviceHealth | None, language: str) -> Spot:
    """The spot with the gate that stands there and what it tells of itself."""
    _ = load_catalogue(language).gettext
    place = (spot.point, spot.lane, spot.label, spot.x, gate["device"], gate["input"])
    if device is None:
        return Spot(*place, name=gate["device"], health="bad", state=_("Never seen"))
    blocked = any(beam.blocked and beam.number == gate["input"] for beam in device.inputs)
    health = "bad" if device.health != "good" else "live" if blocked else "good"
    word = {"good": _("Ready"), "bad": _("Needs a person"), "off": _("Switched off")}[device.health]
    return Spot(
        *place,
        known=True,
        name=device.name,
        health=health,
        state=_("Blocked") if blocked else word,
        problems=device.problems,
    )


def label_spot(point: str, lane: int, lanes: int, needed: Sequence[str], language: str) -> str:
    """`Start, lane 2`; a single gate for both is called by what it does."""
    _ = load_catalogue(language).gettext
    words = {"start": _("Start"), "finish": _("Finish"), "split": _("Half way")}
    word = _("Start and finish") if [point] == needed else words.get(point, point)
    return word if lanes == 1 else _("%(point)s, lane %(lane)s") % {"point": word, "lane": lane}
