"""What an area gives the hub: which messages it wants and how it stores them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlmodel import Session

from lab_controller.bus.topics import Topic


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from the bus. `received_us` is the hub's clock, never a measured time."""

    topic: Topic
    payload: bytes
    retained: bool = False
    received_us: int = 0


@dataclass(frozen=True, slots=True)
class Outbound:
    topic: Topic
    payload: bytes
    retain: bool = False


@dataclass(slots=True)
class Effects:
    """What follows once the transaction is committed: calls, messages to publish, keys that changed."""

    publish: list[Outbound] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    committed: list[Callable[[], None]] = field(default_factory=list)

    def extend(self, other: "Effects") -> None:
        self.publish += other.publish
        self.changed += other.changed
        self.committed += other.committed


class Handler(Protocol):
    """Stores messages inside the hub's write transaction, in the writer thread.

    `store` gets what has arrived in order. A message that can never be stored raises LabError,
    ValueError or KeyError: the hub tries the batch's messages one by one and sets that one aside.
    """

    def wants(self, topic: Topic) -> bool: ...

    def store(self, session: Session, messages: Sequence[Inbound]) -> Effects: ...
