"""Who may say and hear what on the bus: one set of rules for the embedded broker and for Mosquitto."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from lab_controller.bus.topics import ROOT, matches, parse_topic
from lab_controller.errors import Invalid

HUB_PREFIX = "lab-hub-"
AGENT_PREFIX = "agent-"


class Kind(StrEnum):
    HUB = "hub"
    AGENT = "agent"
    DEVICE = "device"


def kind_of(username: str) -> Kind:
    """What an account is, told by its name: `lab-hub-<worker>`, `agent-<room>`, or a device."""
    if username.startswith(HUB_PREFIX):
        return Kind.HUB
    return Kind.AGENT if username.startswith(AGENT_PREFIX) else Kind.DEVICE


@dataclass(frozen=True, slots=True)
class Member:
    """An account on the bus; its user name is its client id, so that nobody takes over another's session."""

    username: str
    kind: Kind

    def may_publish(self, topic: str) -> bool:
        """Nobody but the hub commands a device, and nothing but our own topics is carried."""
        try:
            parsed = parse_topic(topic)
        except Invalid:
            return False
        if self.kind is Kind.HUB:
            return True
        if parsed.kind in ("set", "target", "broadcast") or parsed.device.startswith(HUB_PREFIX):
            return False
        return self.kind is Kind.AGENT or parsed.device == self.username

    def may_subscribe(self, topic_filter: str) -> bool:
        """Whether every topic that the filter takes in may be heard."""
        if self.kind is Kind.HUB:
            return True
        return any(covers(allowed, topic_filter) for allowed in self._heard())

    def may_receive(self, topic: str) -> bool:
        return self.kind is Kind.HUB or any(matches(allowed, topic) for allowed in self._heard())

    def _heard(self) -> tuple[str, ...]:
        if self.kind is Kind.AGENT:
            return (f"{ROOT}/+/+/+/set",)
        return (f"{ROOT}/{self.username}/#", f"{ROOT}/$broadcast/#")


def covers(allowed: str, wanted: str) -> bool:
    """Whether filter `allowed` takes in everything that filter `wanted` does."""
    outer, inner = allowed.split("/"), wanted.split("/")
    for position, level in enumerate(outer):
        if level == "#":
            return True
        if position >= len(inner) or inner[position] == "#":
            return False
        if level not in ("+", inner[position]):
            return False
    return len(outer) == len(inner)


def format_acl(members: Iterable[Member]) -> str:
    """The rules as a Mosquitto ACL file."""
    lines = ["# Written by `lab broker-users export`: change accounts there, not here."]
    members = list(members)
    hubs = [member.username for member in members if member.kind is Kind.HUB]
    for member in members:
        lines += ["", f"user {member.username}"]
        match member.kind:
            case Kind.HUB:
                lines += [f"topic readwrite {ROOT}/#", "topic read $SYS/#"]
            case Kind.AGENT:
                lines += [
                    *(f"topic deny {ROOT}/{reserved}/#" for reserved in ("$broadcast", *hubs)),
                    f"topic write {ROOT}/+/+",
                    f"topic write {ROOT}/+/+/+",
                    f"topic read {ROOT}/+/+/+/set",
                ]
            case Kind.DEVICE:
                lines += [
                    f"topic write {ROOT}/{member.username}/+",
                    f"topic write {ROOT}/{member.username}/+/+",
                    f"topic read {ROOT}/{member.username}/#",
                    f"topic read {ROOT}/$broadcast/#",
                ]
    return "\n".join(lines) + "\n"
