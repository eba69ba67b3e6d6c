"""What a gate says on the bus, checked: passages, raw edges, answers to an arming, clock fits."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from devices.timing import FitSnapshot
from lab_controller.bus.handler import Inbound
from lab_controller.bus.payloads import parse_object
from lab_controller.bus.topics import Topic
from lab_controller.errors import Invalid

MOST_LANES = 8
MOST_PPM = 100_000
U32 = 1 << 32
I63 = 1 << 63
_BOOT = re.compile(r"[0-9a-f]{4}")
_TOKEN = re.compile(r"[0-9a-f]{8}")
# What a person asked of a gate in vain does not touch a run.
_COMMAND_ALERT = "command"
_VALUES = frozenset({("gate", "passage"), ("gate", "edge"), ("gate", "arm"), ("clock", "fit")})


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage (`number` is its seq) or a raw edge (`number` is its n)."""

    device: str
    boot: str
    number: int
    lane: int
    edge: str
    us: int
    received_us: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A gate's answer to an arming: passages of `boot` after `seq` are its."""

    device: str
    token: str
    boot: str
    seq: int
    us: int


@dataclass(slots=True)
class GateMessages:
    """A batch sorted by what it tells; `fits` are the snapshots' JSON by device."""

    passages: list[Seen] = field(default_factory=list)
    edges: list[Seen] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    fits: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=list)
    alerts: list[tuple[str, str, dict[str, Any] | None]] = field(default_factory=list)


def wants(topic: Topic) -> bool:
    if topic.kind == "value":
        return (topic.node, topic.prop) in _VALUES
    return topic.kind in ("state", "alert")


def read(messages: Sequence[Inbound]) -> GateMessages:
    """Raises Invalid `payload_invalid` or ValueError at the first message that makes no sense."""
    batch = GateMessages()
    for message in messages:
        topic = message.topic
        match topic.kind, topic.prop:
            case "state", _:
                batch.states.append((topic.device, message.payload.decode("ascii", "replace")))
            case "alert", alert:
                if not message.retained and alert != _COMMAND_ALERT:
                    batch.alerts.append((topic.device, alert, _alert(message.payload)))
            case _, "passage":
                batch.passages.append(_seen(message, "seq"))
            case _, "edge":
                batch.edges.append(_seen(message, "n"))
            case _, "arm" if message.payload:
                batch.answers += _answer(message)
            case _, "fit" if message.payload:
                batch.fits.append((topic.device, _fit(message.payload)))
    return batch


def _seen(message: Inbound, number: str) -> Seen:
    told = parse_object(message.payload)
    seen = Seen(
        message.topic.device,
        _boot(told),
        _integer(told, number, U32),
        _integer(told, "lane", MOST_LANES + 1),
        told.get("edge", ""),
        _integer(told, "us", I63),
        message.received_us,
    )
    if seen.edge not in ("B", "C"):
        raise Invalid("payload_invalid", problem="edge is B or C")
    if seen.number < 1 or seen.lane < 1:
        raise Invalid("payload_invalid", problem=f"{number} and lane count from 1")
    return seen


def _answer(message: Inbound) -> list[Answer]:
    """A gate that is armed for nobody has no token to answer with."""
    told = parse_object(message.payload)
    token = told.get("token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return []
    boot, seq, us = _boot(told), _integer(told, "seq", U32), _integer(told, "us", I63)
    return [Answer(message.topic.device, token, boot, seq, us)]


def _fit(payload: bytes) -> dict[str, Any]:
    fit = FitSnapshot.from_json(payload)
    numbers = (fit.ref_device_us, fit.ref_host_lo_us, fit.ref_host_hi_us, fit.samples)
    sane = all(abs(number) < I63 for number in numbers) and max(-fit.ppm_lo, fit.ppm_hi) < MOST_PPM
    if not sane or not _BOOT.fullmatch(fit.boot) or not 0 < len(fit.clock_id) <= 100:
        raise Invalid("payload_invalid", problem="not a clock fit")
    return asdict(fit)


def _alert(payload: bytes) -> dict[str, Any] | None:
    """None when the alert is over; Homie's plain text has no parameters."""
    if not payload:
        return None
    if not payload.lstrip().startswith(b"{"):
        return {}
    alert = parse_object(payload)
    params = alert.get("params")
    return {**(params if isinstance(params, dict) else {}), "code": str(alert.get("code", ""))[:100]}


def _boot(told: dict[str, Any]) -> str:
    boot = told.get("boot")
    if not isinstance(boot, str) or not _BOOT.fullmatch(boot):
        raise Invalid("payload_invalid", problem="boot is four hex digits")
    return boot


def _integer(told: dict[str, Any], name: str, limit: int) -> int:
    value = told.get(name)
    if type(value) is not int or not 0 <= value < limit:
        raise Invalid("payload_invalid", problem=f"{name} is an integer below {limit}")
    return value
