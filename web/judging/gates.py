"""The gates of a field as the judge needs them: which one, well or not, and what to do."""

from collections.abc import Iterable, Mapping
from typing import Any

from competitions.disciplines.discipline import Discipline
from lab_controller.equipment.queries import DeviceView
from web.judging.words import point_text, translate
from web.languages import mark as _

READY = _("ready")
PROBLEMS = {
    "unknown": _("never heard of: is it plugged in?"),
    "lost": _("no answer: check its cable and the room's computer"),
    "sleeping": _("asleep: press its button"),
    "init": _("starting"),
    "disconnected": _("switched off"),
    "alert": _("reports a problem: see the devices page"),
    "blocked": _("beam blocked: clear it or aim the sensor"),
}


def list_gates(
    gates: Iterable[Mapping[str, Any]],
    devices: Mapping[str, DeviceView],
    rules: Discipline | None,
    language: str,
) -> list[dict[str, Any]]:
    """Each gate of a field with its label, whether it takes the time, whether it is well, and a few words."""
    return [describe_gate(gate, devices.get(gate["device"]), rules, language) for gate in gates]


def describe_gate(
    gate: Mapping[str, Any], device: DeviceView | None, rules: Discipline | None, language: str
) -> dict[str, Any]:
    """One beam of one device."""
    problem = find_problem(device, gate["input"])
    lanes = rules.lanes if rules else 1
    return {
        "device": gate["device"],
        "point": gate["point"],
        "lane": gate["lane"],
        "label": point_text(gate["point"], gate["lane"], lanes, language),
        "timed": rules is not None and gate["point"] == find_timed(rules),
        "ok": problem is None,
        "text": translate(PROBLEMS[problem] if problem else READY, language),
    }


def find_timed(rules: Discipline) -> str | None:
    """The point at which a run's time is taken."""
    end = rules.laps or rules.finish
    return end.point if end else None


def find_problem(device: DeviceView | None, gate_input: int) -> str | None:
    """A key of PROBLEMS, or None for a gate that is well."""
    if device is None:
        return "unknown"
    if gate_input in device.blocked:
        return "blocked"
    if device.alerts.keys() - {"command"}:  # the beam is as it was, whatever a person asked in vain
        return "alert"
    return None if device.state == "ready" else device.state if device.state in PROBLEMS else "lost"
