"""The devices of one room on the bus, whether they are plugged in or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devices.agent.delivery import Delivery
from devices.agent.flood import FLOOD_ALERT
from devices.agent.payloads import parse_object
from devices.agent.shelf import KeptItem
from devices.agent.streams import Streams
from devices.agent.twin import ROOT, Publish, Twin
from devices.clock import Clock
from devices.driver import Alert, Cleared, Console, Kept, Measured, Output, Printed, Refused, Told
from devices.errors import DeviceError, Param, ProtocolError
from devices.kit import Kit
from devices.session import Session
from devices.transports.mqtt import MqttTransport

LINK_ALERT, COMMAND_ALERT = "link", "command"
AT_WORK = frozenset({"reopened", "port_lent"})
"""The lab itself has closed the port, and will be back."""
COMES_BACK_US = 20_000_000
REFUSED_SHOWN_US = 10_000_000
EVENTS_MAX, LINES_MAX = 500, 50
"""Of one device in a second; of passages, which are kept, none is left out."""


@dataclass
class Place:
    """A device, and the session that it is reached by.

    `leaver` is the session that has closed its port for the lab's own work, and may bring it back.
    """

    twin: Twin
    streams: Streams
    session: Session | None = None
    leaver: Session | None = None
    back_by_us: int = 0
    refused_until_us: int = 0


class Desk:
    """Carries outputs of sessions to the bus, and commands from the bus to sessions."""

    def __init__(
        self, agent: str, transport: MqttTransport, delivery: Delivery, clock: Clock, publish: Publish
    ) -> None:
        self._agent = agent
        self._transport = transport
        self._delivery = delivery
        self._clock = clock
        self._publish = publish
        self._places: dict[str, Place] = {}
        self._rivals: dict[Session, Place] = {}

    @property
    def twins(self) -> tuple[Twin, ...]:
        """Every device that is or was here."""
        return tuple(place.twin for place in self._places.values())

    def filters(self) -> list[str]:
        """Commands of our own devices."""
        return [command_filter(device) for device in self._places]

    def admit(self, device: str, kit: Kit) -> Place:
        """The place of a device, made at its first sight."""
        place = self._places.get(device)
        if place is None:
            twin = Twin(
                device,
                self._publish,
                self._transport.connected.is_set,
                kind=kit.type,
                nodes=kit.describe(),
                root=self._agent,
                alerts=(LINK_ALERT, COMMAND_ALERT, FLOOD_ALERT, *kit.alerts),
            )
            place = self._places[device] = Place(twin, Streams(twin))
        return place

    def session(self, device: str) -> Session | None:
        """By which a device is reached."""
        place = self._places.get(device)
        return place.session if place is not None else None

    def is_rival(self, session: Session) -> bool:
        """Whether its device says to be one that another session had first."""
        return session in self._rivals

    def may_enter(self, session: Session) -> bool:
        """Whether a rival's device is free by now."""
        place = self._rivals.get(session)
        return place is not None and place.session is None and place.leaver is None

    def attach(self, session: Session, device: str, kit: Kit) -> bool:
        """A device answered; False if another session has it: of two with one id the first is heard."""
        for place in self._places.values():
            if place.session is session:
                self.detach(session)
        self._rivals.pop(session, None)
        place = self.admit(device, kit)
        if place.session is not None:
            self._rivals[session] = place
            return False
        place.session, place.leaver = session, None
        place.twin.clear(LINK_ALERT)
        if kit.uploads is not None:
            place.twin.tell("program", "accepts", kit.accepts(), self._clock.now_us())
        place.twin.state = "ready"
        if self._transport.connected.is_set():
            place.twin.announce()
        return True

    def detach(self, session: Session) -> None:
        """A device is no longer reached: its cable, its port or the board failed."""
        self._rivals.pop(session, None)
        for place in self._places.values():
            if place.session is session:
                place.session = None
                problem = session.problem or _pulled(session)
                if problem.code in AT_WORK:
                    place.leaver, place.back_by_us = session, self._clock.now_us() + COMES_BACK_US
                    place.twin.set_state("init")
                    return
                _lose(place, problem)

    def carry(self, session: Session, output: Output) -> None:
        """One output of a driver."""
        place = self._places[session.device or ""]
        if place.session is not session:
            return
        now_us = self._clock.now_us()
        match output:
            case Kept():
                self._keep(session, place.twin.device, output, now_us)
            case Told(node=node, key=key, value=value):
                if place.twin.retains(node, key) or place.streams.flood.has_room(
                    "event", 1, EVENTS_MAX, now_us
                ):
                    place.twin.tell(node, key, value, now_us)
            case Alert(id=name, code=code, params=params):
                place.twin.alert(name, code, params)
            case Cleared(id=name):
                place.twin.clear(name)
            case Refused(code=code, params=params):
                self._refuse(place, code, params)
            case Console(level=level, text=text):
                if place.streams.flood.has_room("line", 1, LINES_MAX, now_us):
                    place.twin.log(level, text)
            case Measured():
                place.streams.add(output)
            case Printed(text=text):
                place.streams.print(text, now_us)
            case _:
                pass

    def command(self, topic: str, payload: bytes) -> None:
        """`lab/5/<dev>/<node>/<property>/set`. Raises DeviceError."""
        parts = topic.split("/")
        if len(parts) != 6 or parts[5] != "set" or parts[2] not in self._places:
            raise ProtocolError("bad_command", topic=topic)
        device, node, key = parts[2:5]
        try:
            # Homie writes an empty text as one NUL: an empty payload is no value at all.
            text = "" if payload == b"\x00" else payload.decode()
        except UnicodeDecodeError as error:
            raise ProtocolError("bad_command", topic=topic) from error
        if key == "committed":
            boot, seqs = parse_committed(text)
            self._delivery.commit(device, boot, seqs)
            return
        place = self._places[device]
        if place.session is None:
            raise DeviceError("device_absent", device=device)
        place.twin.clear(COMMAND_ALERT)
        place.session.command(node, key, text)

    def complain(self, topic: str, error: DeviceError) -> None:
        """A command could not be carried out: whoever sent it is told, and whoever reads along."""
        parts = topic.split("/")
        place = self._places.get(parts[2]) if len(parts) > 2 else None
        if place is None:
            return
        place.twin.log("warn", f"{topic}: {error}")
        if parts[4:5] != ["committed"]:  # of which no person knows
            port = {"port": place.session.pipe.name} if place.session is not None else {}
            self._refuse(place, error.code, {**port, **error.params})

    def tick(self, now_us: int) -> None:
        """Say what had to wait."""
        for place in self._places.values():
            if place.leaver is not None:
                self._miss(place, place.leaver, now_us)
            if now_us >= place.refused_until_us:
                place.twin.clear(COMMAND_ALERT)
            place.twin.tick(now_us)
            place.streams.tick(now_us)

    def _refuse(self, place: Place, code: str, params: Mapping[str, Param]) -> None:
        """Shown until the next command, for a while only."""
        place.refused_until_us = self._clock.now_us() + REFUSED_SHOWN_US
        place.twin.alert(COMMAND_ALERT, code, params)

    def _miss(self, place: Place, leaver: Session, now_us: int) -> None:
        """What does not come back after the lab's own work was pulled meanwhile."""
        if leaver.is_lent:
            place.back_by_us = now_us + COMES_BACK_US
        elif now_us >= place.back_by_us:
            place.leaver = None
            problem = leaver.problem or _pulled(leaver)
            _lose(place, _pulled(leaver) if problem.code in AT_WORK | {"port_missing"} else problem)

    def _keep(self, session: Session, device: str, kept: Kept, now_us: int) -> None:
        topic = f"{ROOT}/{device}/{kept.node}/{kept.key}"
        item = KeptItem(device, kept.boot, kept.seq, topic, kept.value)
        self._delivery.keep(item, now_us, lambda: session.stored(kept.boot, (kept.seq,)))


def _pulled(session: Session) -> DeviceError:
    return DeviceError("cable_pulled", port=session.pipe.name)


def _lose(place: Place, problem: DeviceError) -> None:
    place.twin.alert(LINK_ALERT, problem.code, problem.params)
    place.twin.set_state("lost")


def command_filter(device: str) -> str:
    """All settable properties of one device."""
    return f"{ROOT}/{device}/+/+/set"


def parse_committed(text: str) -> tuple[str, Sequence[int]]:
    """`{"boot": "5f3a", "seqs": [12, 13]}`. Raises ProtocolError."""
    told = parse_object(text)
    boot, seqs = told.get("boot"), told.get("seqs")
    if not isinstance(boot, str) or not isinstance(seqs, list) or not all(map(_is_seq, seqs)):
        raise ProtocolError("bad_command", payload=text[:80])
    return boot, seqs


def _is_seq(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**32
