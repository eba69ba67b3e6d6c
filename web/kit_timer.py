"""A race timer on its kit's page: its gate, what it can be armed for, and the places of its last race."""

from typing import Any

from lab_controller.equipment.queries import DeviceView
from web.device_views import as_list, read_object
from web.formats import SECOND_US, format_number
from web.languages import load_catalogue
from web.languages import mark as _

MOST_LANES = 16
SLOWEST_US = 3_600 * SECOND_US
STATES = {
    "armed": _("Ready for a race"),
    "racing": _("The race is on"),
    "finished": _("The race is over"),
}
GATES = {"open": _("The start gate is open"), "closed": _("The start gate is closed")}
SHOWN = frozenset({("timer", "state"), ("timer", "gate"), ("timer", "end")})
"""Properties that have their place here and are not listed with the others."""


def view_timer(device: DeviceView, language: str) -> dict[str, Any] | None:
    """What the page shows of a device that tells its races; None for another.

    {"state", "gate": in words, "" if it has not said any, "can_arm", "can_end",
     "lanes": those that a race may be without, [] if it has all lanes or none,
     "race": [{"lane", "place": int | null, "time": seconds in the language's digits, "" did not finish}]}
    """
    described = {(each.node, each.prop): each for each in device.properties}
    if ("timer", "race") not in described:
        return None
    takes = as_list(read_object(device.latest.get("timer/takes")))
    return {
        "state": _name(STATES, device.latest.get("timer/state"), language),
        "gate": _name(GATES, device.latest.get("timer/gate"), language),
        "can_arm": ("timer", "arm") in described and described["timer", "arm"].settable,
        "can_end": "end" in takes,
        "lanes": list(range(1, _count(device.latest.get("timer/lanes")) + 1)) if "lanes" in takes else [],
        "race": read_race(device.latest.get("timer/race"), language),
    }


def read_race(text: str | None, language: str) -> list[dict[str, Any]]:
    """Lanes by their number; equal times share a place, and the next is skipped. Nonsense is left out."""
    told = read_object(text)
    lanes: dict[int, tuple[int | None, int]] = {}
    for each in as_list(told.get("lanes"))[:MOST_LANES] if isinstance(told, dict) else []:
        match each:
            case {"lane": int(lane), "us": int() | None as us, "resolution_us": int(step)}:
                if us is None or 0 < us <= SLOWEST_US:
                    lanes[lane] = us, step
    times = [us for us, _step in lanes.values() if us is not None]
    return [
        {
            "lane": lane,
            "place": 1 + sum(each < us for each in times) if us is not None else None,
            "time": format_number(us / SECOND_US, language, _digits(step)) if us is not None else "",
        }
        for lane, (us, step) in sorted(lanes.items())
    ]


def _digits(step_us: int) -> int:
    """Decimals of a second that a timer with this step tells."""
    return min(max(7 - len(str(step_us)), 0), 6)


def _count(text: str | None) -> int:
    return min(int(text), MOST_LANES) if text and text.isdecimal() and len(text) < 4 else 0


def _name(words: dict[str, str], told: str | None, language: str) -> str:
    if told in words:
        return load_catalogue(language).gettext(words[told])
    return (told or "")[:40]
