"""Parts of a run as a judge reads them."""

from collections.abc import Mapping
from typing import Any

from web.formats import format_number, format_time_us
from web.languages import load_catalogue
from web.languages import mark as _

PHASES = {
    "ready": _("Ready. Put the robot at the start"),
    "arming": _("Asking the gates…"),
    "armed": _("Gates armed. Waiting for the start"),
    "running": _("On track"),
    "proposed": _("Finish. Proposed time"),
    "accepted": _("Accepted"),
    "voided": _("Voided: does not count"),
    "rerun": _("To be run again"),
}
POINTS = {"start": _("Start gate"), "finish": _("Finish gate"), "split": _("Split gate")}


def translate(message: str, language: str, **values: object) -> str:
    """A marked message in `language`, with its named values."""
    text = load_catalogue(language).gettext(message)
    return text.format_map(values) if values else text


def phase_text(phase: str, language: str) -> str:
    return translate(PHASES[phase], language)


def point_text(point: str, lane: int, lanes: int, language: str) -> str:
    """`Start gate`, on a field of several lanes `Start gate, lane 2`."""
    name = translate(POINTS[point], language) if point in POINTS else point
    return name if lanes == 1 else translate(_("{point}, lane {lane}"), language, point=name, lane=lane)


def result_text(result: Mapping[str, Any], language: str) -> str:
    """`12,483 s`, `17 points` or a status such as DNF."""
    if result["status"] != "OK":
        return str(result["status"])
    if result.get("score") is not None:
        return translate(_("{points} points"), language, points=format_number(result["score"], language))
    if result.get("value_us") is None:
        return str(result["status"])
    return translate(_("{time} s"), language, time=format_time_us(result["value_us"], language))


def effect_text(time_us: int, points: float, laps: int, dsq_at: int | None, language: str) -> str:
    """What one more of a penalty costs: `+5 s`, `laps: −1`, `disqualification at number 2`."""
    parts = []
    if time_us:
        seconds = format_number(time_us / 1_000_000, language)
        sign = "+" if time_us > 0 else ""
        parts.append(sign + translate(_("{time} s"), language, time=seconds))
    if points:
        parts.append(translate(_("{points} points"), language, points=format_number(points, language)))
    if laps:
        parts.append(translate(_("laps: {laps}"), language, laps=format_number(laps, language)))
    if dsq_at == 1:
        parts.append(translate(_("disqualification"), language))
    elif dsq_at is not None:
        parts.append(translate(_("disqualification at number {count}"), language, count=dsq_at))
    return ", ".join(parts)
