"""What people do with devices: look, command, forget."""

from collections.abc import Callable, Collection, Sequence

from sqlmodel import Session, select

from lab_controller import audit
from lab_controller.bus.changes import DEVICES, Changes, device_key
from lab_controller.bus.handler import Outbound
from lab_controller.bus.topics import Topic, is_id
from lab_controller.clock import Clock
from lab_controller.database import Database
from lab_controller.equipment.queries import DeviceView, find_devices, get_device, list_devices
from lab_controller.equipment.tables import Device
from lab_controller.errors import Conflict, Invalid, NotFound

MAX_COMMAND_BYTES = 4096
_HUBS_NODE, _HUBS_PROP = "jobs", "committed"
"""Orders and receipts are the hub's own words: in a person's mouth they would end what nobody has stored."""


class EquipmentService:
    """`publish` sends to the bus from any thread."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        changes: Changes,
        publish: Callable[[Sequence[Outbound]], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._changes = changes
        self._publish = publish

    def list_devices(self, kind: str | None = None) -> list[DeviceView]:
        with self._database.read() as session:
            return list_devices(session, kind)

    def find_devices(self, ids: Collection[str]) -> list[DeviceView]:
        """Those of `ids` that are known, by id."""
        with self._database.read() as session:
            return find_devices(session, ids)

    def get_device(self, device: str) -> DeviceView:
        """Raises NotFound."""
        with self._database.read() as session:
            view = get_device(session, device)
        if view is None:
            raise NotFound("device_unknown", device=device)
        return view

    def command(self, *, actor: str, device: str, node: str, prop: str, payload: bytes) -> None:
        """Ask a device to set a property that it calls settable; its answer comes as the new value."""
        view = self.get_device(device)
        known = {(p.node, p.prop): p for p in view.properties}
        wanted = known.get((node, prop))
        if wanted is None or not wanted.settable or node == _HUBS_NODE or prop == _HUBS_PROP:
            raise Invalid("property_not_settable", device=device, node=node, prop=prop)
        if len(payload) > MAX_COMMAND_BYTES:
            raise Invalid("command_too_long", limit=MAX_COMMAND_BYTES)
        if view.state in ("lost", "disconnected"):
            raise Conflict("device_away", device=device, state=view.state)
        self._publish([Outbound(Topic(device, "set", node, prop), payload)])
        with self._database.write() as session:
            self._audit(session, actor, "device_commanded", device, node=node, prop=prop)

    def forget(self, *, actor: str, device: str) -> None:
        """Take a device that is gone for good off the list; it comes back by itself if it lives."""
        if not is_id(device):
            raise NotFound("device_unknown", device=device)
        with self._database.write() as session:
            row = session.get(Device, device)
            if row is None:
                raise NotFound("device_unknown", device=device)
            topics = _retained_topics(row)
            session.delete(row)
            self._audit(session, actor, "device_forgotten", device)
        self._changes.announce([DEVICES, device_key(device)])
        self._publish([Outbound(topic, b"", retain=True) for topic in topics])

    def clear_alerts(self, names: Collection[str]) -> None:
        """Alerts whose teller is gone and will not end them."""
        with self._database.write() as session:
            for row in session.exec(select(Device)):
                if not row.alerts.keys().isdisjoint(names):
                    row.alerts = {name: alert for name, alert in row.alerts.items() if name not in names}

    def _audit(self, session: Session, actor: str, action: str, device: str, **payload: object) -> None:
        audit.append(
            session,
            at_us=self._clock.now_us(),
            actor=actor,
            action=action,
            subject=f"device:{device}",
            payload=payload,
        )


def _retained_topics(row: Device) -> list[Topic]:
    """Everything that a broker may remember of a device; one value left behind would bring it back."""
    values = [(node, prop) for node, _, prop in (name.partition("/") for name in row.latest)]
    if row.blocked:
        values.append(("gate", "blocked"))
    if row.fit is not None:
        values.append(("clock", "fit"))
    return [
        Topic(row.id, "state"),
        Topic(row.id, "description"),
        *(Topic(row.id, "alert", prop=alert) for alert in row.alerts),
        *(Topic(row.id, "value", node, prop) for node, prop in values),
    ]
