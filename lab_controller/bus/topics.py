"""Topics of the lab: Homie 5 with the domain `lab`."""

import re
from dataclasses import dataclass
from typing import Literal

from lab_controller.errors import Invalid

ROOT = "lab/5"
MAX_TOPIC = 512
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

Kind = Literal["value", "set", "target", "state", "description", "log", "alert", "broadcast"]


def is_id(text: str) -> bool:
    """Whether Homie takes it as an id: a-z, 0-9 and single hyphens between them."""
    return len(text) <= 64 and _ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic speaks of.

    `node` and `prop` name a value, its `set` and its `target`; for `log`, `alert` and `broadcast`
    `prop` is the level, the alert's id or the subtopic.
    """

    device: str
    kind: Kind = "value"
    node: str = ""
    prop: str = ""

    def __str__(self) -> str:
        return format_topic(self)


def parse_topic(text: str) -> Topic:
    """Raises Invalid `topic_unknown` for anything that is not a topic of ours."""
    parts = text.split("/")
    if len(text) <= MAX_TOPIC and parts[:2] == ["lab", "5"]:
        match parts[2:]:
            case ["$broadcast", *sub] if sub and all(map(is_id, sub)):
                return Topic("$broadcast", "broadcast", prop="/".join(sub))
            case [device, *rest] if is_id(device):
                topic = _parse_device_topic(device, rest)
                if topic is not None:
                    return topic
    raise Invalid("topic_unknown", topic=text[:200])


def _parse_device_topic(device: str, rest: list[str]) -> Topic | None:
    match rest:
        case ["$state"]:
            return Topic(device, "state")
        case ["$description"]:
            return Topic(device, "description")
        case ["$log", level] if is_id(level):
            return Topic(device, "log", prop=level)
        case ["$alert", alert] if is_id(alert):
            return Topic(device, "alert", prop=alert)
        case [node, prop, *last] if is_id(node) and is_id(prop):
            match last:
                case []:
                    return Topic(device, "value", node, prop)
                case ["set"]:
                    return Topic(device, "set", node, prop)
                case ["$target"]:
                    return Topic(device, "target", node, prop)
    return None


def format_topic(topic: Topic) -> str:
    base = f"{ROOT}/{topic.device}"
    match topic.kind:
        case "value":
            return f"{base}/{topic.node}/{topic.prop}"
        case "set":
            return f"{base}/{topic.node}/{topic.prop}/set"
        case "target":
            return f"{base}/{topic.node}/{topic.prop}/$target"
        case "broadcast":
            return f"{base}/{topic.prop}"
        case "log" | "alert":
            return f"{base}/${topic.kind}/{topic.prop}"
        case "state" | "description":
            return f"{base}/${topic.kind}"


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter with `+` and `#` takes in a topic."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    if given[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(given) or level not in ("+", given[position]):
            return False
    return len(wanted) == len(given)
