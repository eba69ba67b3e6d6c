"""A device as its pages and /api/v1/devices show it: the fields named here, nothing else."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lab_controller.equipment.queries import DeviceView

LANES = (1, 2)
ONLINE = frozenset({"ready", "init", "sleeping"})
LINK_ALERT = "link"
"""By which an agent says why it does not reach a device."""
MOST_PORTS = 64
MOST = 1e15
"""No quantity of ours is larger; a device may say any number."""
PORT_KEYS = ("port", "id", "usb", "kit", "device", "use", "holder", "problem")
Problem = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Input:
    """One beam of a gate."""

    number: int
    blocked: bool


@dataclass(frozen=True, slots=True)
class SelfTest:
    blocked: list[int]
    bounces: int
    drift_ppm: list[float] | None
    link: str
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """`health`: good, bad (needs a person) or off. `drift_ppm` is the middle of what was measured."""

    id: str
    kind: str
    name: str
    state: str
    health: Literal["good", "bad", "off"]
    online: bool
    agent: str | None
    last_seen_us: int
    problems: list[Problem]
    inputs: list[Input] = field(default_factory=list)
    armed: bool | None = None
    passages: int | None = None
    boot: str | None = None
    drift_ppm: float | None = None
    drift_bound_ppm: float | None = None
    self_test: SelfTest | None = None
    ports: list[dict[str, Any]] = field(default_factory=list)

    def public(self) -> dict[str, Any]:
        return asdict(self)


def view_device(device: DeviceView) -> DeviceHealth:
    """What is known of `device`, and whether a person has to look after it."""
    online = device.state in ONLINE
    is_gate = device.kind == "gate"
    problems = list_problems(device)
    drift = read_drift(device.fit)
    test = read_self_test(device.latest.get("gate/self-test"))
    return DeviceHealth(
        id=device.id,
        kind=device.kind,
        name=device.name,
        state=device.state,
        health="bad" if problems else "good" if device.state == "ready" else "off",
        online=online,
        agent=device.agent,
        last_seen_us=device.last_seen_us,
        problems=problems,
        inputs=[Input(lane, lane in device.blocked) for lane in LANES] if is_gate else [],
        armed={"true": True, "false": False}.get(device.latest.get("gate/armed", "")),
        passages=read_count(device.latest.get("gate/last-seq")),
        boot=read_boot(device.fit),
        drift_ppm=round(sum(drift) / 2, 1) if drift else None,
        drift_bound_ppm=round((drift[1] - drift[0]) / 2, 1) if drift else None,
        self_test=test,
        ports=read_ports(device.latest.get("agent/ports")),
    )


def list_problems(device: DeviceView) -> list[Problem]:
    """Why the connection is lost, or else the open alerts: a beam that is broken for a moment is a robot.

    What was switched off on purpose has none.
    """
    if device.state == "lost":
        known = device.alerts.get(LINK_ALERT)
        return [read_alert(known) if known else {"code": "device_lost", "params": {"device": device.name}}]
    return [read_alert(alert) for _, alert in sorted(device.alerts.items())] if device.state in ONLINE else []


def read_alert(alert: Mapping[str, Any]) -> Problem:
    return {"code": alert["code"], "params": dict(alert.get("params") or {})}


def read_drift(fit: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """The measured interval of the board's drift in ppm."""
    pair = read_pair([fit.get("ppm_lo"), fit.get("ppm_hi")]) if fit else None
    return (pair[0], pair[1]) if pair else None


def read_boot(fit: Mapping[str, Any] | None) -> str | None:
    return str(fit["boot"])[:16] if fit and fit.get("boot") else None


def read_count(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 20 else None


def read_object(text: str | None) -> Any:
    """A device's JSON, or None: what it sends may be anything."""
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def read_self_test(text: str | None) -> SelfTest | None:
    told = read_object(text)
    if not isinstance(told, dict) or "problems" not in told:
        return None
    problems = as_list(told["problems"])
    blocked = [lane for lane in as_list(told.get("blocked")) if isinstance(lane, int)]
    return SelfTest(
        blocked=blocked,
        bounces=told["bounces"] if isinstance(told.get("bounces"), int) else 0,
        drift_ppm=read_pair(told.get("drift_ppm")),
        link=str(told.get("link", ""))[:16],
        problems=[{"code": str(code)[:64], "params": {"lanes": blocked}} for code in problems[:20]],
    )


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def read_pair(value: object) -> list[float] | None:
    pair = [float(part) for part in as_list(value) if isinstance(part, int | float) and abs(part) < MOST]
    return pair if len(pair) == 2 else None


def read_ports(text: str | None) -> list[dict[str, Any]]:
    """An agent's ports: port, id, usb, kit, device, holder, and `problem` as a code with parameters."""
    ports = [port for port in as_list(read_object(text)) if isinstance(port, dict)][:MOST_PORTS]
    return [
        read_port({name: str(port[name])[:120] for name in PORT_KEYS if port.get(name)}) for port in ports
    ]


def read_port(told: dict[str, str]) -> dict[str, Any]:
    params = {name: told[name] for name in ("port", "holder") if name in told}
    problem = {"code": told["problem"], "params": params} if "problem" in told else None
    return {name: told.get(name) for name in PORT_KEYS} | {"problem": problem}
