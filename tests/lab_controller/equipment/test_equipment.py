import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import event

from lab_controller import audit
from lab_controller.bus.changes import DEVICES, Changes
from lab_controller.bus.handler import Outbound
from lab_controller.bus.topics import Topic
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.equipment.handler import MAX_ALERTS, MAX_LATEST, DeviceHandler
from lab_controller.equipment.queries import DeviceView, PropertyView
from lab_controller.equipment.service import EquipmentService
from lab_controller.equipment.tables import Device
from lab_controller.errors import Conflict, Invalid, NotFound
from tests.lab_controller.inbox import NOW_US, inbound, store

GATE = {
    "homie": "5.0",
    "type": "gate",
    "name": "Finish, field 3",
    "root": "agent-room-1",
    "parent": "agent-room-1",
    "nodes": {
        "gate": {
            "properties": {
                "self-test": {"name": "Self-test", "datatype": "json", "settable": True},
                "last-seq": {"datatype": "integer"},
            }
        }
    },
}


class Sent(list[Outbound]):
    def publish(self, outbounds: Sequence[Outbound]) -> None:
        self.extend(outbounds)


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def equipment(database: Database, clock: ManualClock, sent: Sent) -> EquipmentService:
    return EquipmentService(database, clock, Changes(), sent.publish)


@pytest.fixture
def gate(database: Database) -> Database:
    store(
        database,
        DeviceHandler(),
        inbound("gate-1/$description", GATE),
        inbound("gate-1/$state", "ready"),
    )
    return database


def test_a_device_is_what_it_says_of_itself(database: Database, equipment: EquipmentService) -> None:
    effects = store(
        database,
        DeviceHandler(),
        inbound("gate-1/$state", "init"),
        inbound("gate-1/$description", GATE),
        inbound("gate-1/$state", "ready"),
        inbound("gate-1/gate/last-seq", "12"),
        inbound("gate-1/gate/blocked", [1]),
        inbound("gate-1/$alert/beam", {"code": "beam_blocked", "params": {"lane": 1}}),
        inbound("gate-1/clock/fit", {"ppm_lo": -20}),
        inbound("gate-1/gate/passage", {"seq": 12}),
    )
    assert effects.changed == [DEVICES, "device:gate-1"]
    assert equipment.list_devices() == [
        DeviceView(
            id="gate-1",
            kind="gate",
            name="Finish, field 3",
            state="ready",
            agent="agent-room-1",
            description=GATE,
            alerts={"beam": {"code": "beam_blocked", "params": {"lane": 1}}},
            latest={"gate/last-seq": "12"},
            blocked=(1,),
            fit={"ppm_lo": -20},
            first_seen_us=NOW_US,
            last_seen_us=NOW_US,
            properties=(
                PropertyView("gate", "self-test", "Self-test", "json", "", True, None),
                PropertyView("gate", "last-seq", "last-seq", "integer", "", False, "12"),
            ),
        )
    ]


def test_saying_the_same_again_changes_nothing(gate: Database) -> None:
    again = store(
        gate, DeviceHandler(), inbound("gate-1/$description", GATE), inbound("gate-1/$state", "ready")
    )
    assert again.changed == []


def test_a_cleared_alert_is_gone(gate: Database, equipment: EquipmentService) -> None:
    handler = DeviceHandler()
    store(gate, handler, inbound("gate-1/$alert/beam", {"code": "beam_blocked"}))
    store(gate, handler, inbound("gate-1/$alert/other", "plain words"))
    store(gate, handler, inbound("gate-1/$alert/beam", b""))
    assert equipment.get_device("gate-1").alerts == {
        "other": {"code": "device_alert", "params": {"text": "plain words"}}
    }


def test_alerts_of_a_broker_that_was_started_anew_are_gone(
    gate: Database, equipment: EquipmentService
) -> None:
    handler = DeviceHandler()
    store(gate, handler, inbound("gate-1/$alert/session-contested", {"code": "session_contested"}))
    store(gate, handler, inbound("gate-1/$alert/beam", {"code": "beam_blocked"}))
    equipment.clear_alerts(("session-contested",))
    assert equipment.get_device("gate-1").alerts.keys() == {"beam"}


def test_what_hangs_on_a_lost_agent_is_lost_until_the_agent_is_back(
    gate: Database, equipment: EquipmentService
) -> None:
    handler = DeviceHandler()
    store(gate, handler, inbound("agent-room-1/$state", "lost"))
    assert [(d.id, d.state) for d in equipment.list_devices()] == [
        ("agent-room-1", "lost"),
        ("gate-1", "lost"),
    ]
    named = ["gate-1", "agent-room-1", "never-seen"]
    assert [(d.id, d.state) for d in equipment.find_devices(named)] == [
        ("agent-room-1", "lost"),
        ("gate-1", "lost"),
    ]
    store(gate, handler, inbound("agent-room-1/$state", "ready"))
    assert equipment.get_device("gate-1").state == "ready"
    assert equipment.find_devices(["gate-1"]) == [equipment.get_device("gate-1")]


def test_an_empty_state_takes_a_device_off_the_list(gate: Database, equipment: EquipmentService) -> None:
    store(gate, DeviceHandler(), inbound("gate-1/$state", b""))
    assert equipment.list_devices() == []


def test_what_the_broker_remembers_does_not_make_a_device_seen(
    gate: Database, equipment: EquipmentService
) -> None:
    later_us = NOW_US + 60_000_000
    store(gate, DeviceHandler(), inbound("gate-1/$state", "ready", at_us=later_us, retained=True))
    assert equipment.get_device("gate-1").last_seen_us == NOW_US
    store(gate, DeviceHandler(), inbound("gate-1/gate/last-seq", "1", at_us=later_us))
    assert equipment.get_device("gate-1").last_seen_us == later_us


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("gate-1/$state", "asleep"),
        ("gate-1/$state", b"\xff\xfe"),
        ("gate-1/$description", "[]"),
        ("gate-1/$description", "[" * 100_000),
        ("gate-1/$description", '{"a": NaN}'),
        ("gate-1/$alert/beam", '{"code": 5}'),
        ("gate-1/$alert/beam", '{"code": "battery_low", "params": {"percent": 1%s}}' % ("0" * 400)),
        ("gate-1/$alert/beam", {"code": "x", "params": {"text": "y" * 5000}}),
        ("gate-1/gate/blocked", '{"1": true}'),
        ("gate-1/gate/blocked", "[true]"),
        ("gate-1/clock/fit", "5"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_code(
    gate: Database, equipment: EquipmentService, topic: str, payload: Any
) -> None:
    before = equipment.get_device("gate-1")
    with pytest.raises(Invalid):
        store(gate, DeviceHandler(), inbound(topic, payload))
    assert equipment.get_device("gate-1") == before


TOO_MANY = {"code": "values_too_many", "params": {"limit": MAX_LATEST}}


def test_names_that_are_described_no_longer_make_place_for_new_ones(
    gate: Database, equipment: EquipmentService
) -> None:
    old = [inbound(f"gate-1/telemetry/old-{number}", "1") for number in range(MAX_LATEST - 1)]
    store(gate, DeviceHandler(), inbound("gate-1/gate/last-seq", "7"), *old)
    store(gate, DeviceHandler(), inbound("gate-1/telemetry/old-0", "2"))
    effects = store(gate, DeviceHandler(), *(inbound(f"gate-1/telemetry/new-{n}", "3") for n in range(3)))
    latest = equipment.get_device("gate-1").latest
    assert len(latest) == MAX_LATEST
    assert {"gate/last-seq", "telemetry/old-0", "telemetry/new-2"} <= latest.keys()
    gone = [f"old-{number}" for number in (1, 2, 3)]
    assert latest.keys().isdisjoint(f"telemetry/{name}" for name in gone)
    assert effects.publish == [
        Outbound(Topic("gate-1", "value", "telemetry", name), b"", retain=True) for name in gone
    ]


def test_a_name_that_only_the_broker_remembers_takes_no_place_and_is_forgotten_there(
    gate: Database, equipment: EquipmentService
) -> None:
    store(gate, DeviceHandler(), *(inbound(f"gate-1/telemetry/x{n}", "1") for n in range(MAX_LATEST)))
    before = equipment.get_device("gate-1").latest
    effects = store(
        gate,
        DeviceHandler(),
        inbound("gate-1/telemetry/long-ago", "1", retained=True),
        inbound("gate-1/gate/blocked", "[]", retained=True),
        inbound("gate-1/clock/fit", {"ppm_lo": 1, "ppm_hi": 2}, retained=True),
    )
    assert equipment.get_device("gate-1").latest == before
    assert effects.publish == [Outbound(Topic("gate-1", "value", "telemetry", "long-ago"), b"", retain=True)]


def test_a_device_with_more_values_than_are_kept_is_told_of_and_the_rest_is_stored(
    gate: Database, equipment: EquipmentService
) -> None:
    shapes = {f"value-{number}": {"datatype": "integer"} for number in range(MAX_LATEST + 1)}
    told = {"type": "robot", "nodes": {"kit": {"properties": shapes}}}
    values = [inbound(f"gate-1/kit/{name}", "1") for name in shapes]
    effects = store(
        gate,
        DeviceHandler(),
        inbound("gate-1/$description", told),
        *values,
        inbound("gate-1/kit/value-0", "2"),
    )
    device = equipment.get_device("gate-1")
    assert (len(device.latest), device.latest["kit/value-0"]) == (MAX_LATEST, "2")
    assert device.alerts == {"lab-values": TOO_MANY}
    assert DEVICES in effects.changed
    store(gate, DeviceHandler(), inbound("gate-1/$description", GATE))
    assert equipment.get_device("gate-1").alerts == {}


def test_a_device_cannot_fill_its_page_with_alerts(gate: Database, equipment: EquipmentService) -> None:
    messages = [inbound(f"gate-1/$alert/a{number}", {"code": "x"}) for number in range(MAX_ALERTS + 5)]
    store(gate, DeviceHandler(), *messages)
    store(gate, DeviceHandler(), inbound("gate-1/$alert/a0", {"code": "y"}))
    alerts = equipment.get_device("gate-1").alerts
    assert alerts.keys() == {*(f"a{number}" for number in range(MAX_ALERTS)), "lab-values"}
    assert alerts["a0"] == {"code": "y", "params": {}}


def test_a_device_is_told_of_only_while_it_has_too_many_alerts(
    gate: Database, equipment: EquipmentService
) -> None:
    messages = [inbound(f"gate-1/$alert/a{number}", {"code": "x"}) for number in range(MAX_ALERTS + 1)]
    store(gate, DeviceHandler(), *messages)
    assert "lab-values" in equipment.get_device("gate-1").alerts
    effects = store(gate, DeviceHandler(), inbound("gate-1/$alert/a0", b""))
    assert equipment.get_device("gate-1").alerts.keys() == {f"a{number}" for number in range(1, MAX_ALERTS)}
    assert DEVICES in effects.changed


def test_a_device_is_told_of_only_while_it_has_too_many_values(
    gate: Database, equipment: EquipmentService
) -> None:
    shapes = {f"value-{number}": {} for number in range(MAX_LATEST + 1)}
    described = inbound("gate-1/$description", {"nodes": {"kit": {"properties": shapes}}})
    store(gate, DeviceHandler(), described, *(inbound(f"gate-1/kit/{name}", "1") for name in shapes))
    store(gate, DeviceHandler(), inbound("gate-1/$alert/hot", {"code": "x"}))
    assert equipment.get_device("gate-1").alerts.keys() == {"hot", "lab-values"}
    effects = store(gate, DeviceHandler(), inbound("gate-1/kit/value-0", b""))
    assert equipment.get_device("gate-1").alerts.keys() == {"hot"}
    assert DEVICES in effects.changed


def test_what_the_lab_says_of_a_device_takes_no_room_from_its_own_alerts(
    gate: Database, equipment: EquipmentService
) -> None:
    with gate.write() as session:
        session.get_one(Device, "gate-1").alerts = {"lab-series": {"code": "series_too_many", "params": {}}}
    messages = [inbound(f"gate-1/$alert/a{number}", {"code": "x"}) for number in range(MAX_ALERTS)]
    store(gate, DeviceHandler(), *messages)
    alerts = equipment.get_device("gate-1").alerts
    assert alerts.keys() == {*(f"a{number}" for number in range(MAX_ALERTS)), "lab-series"}


def test_a_nonsense_description_still_shows_the_device(
    database: Database, equipment: EquipmentService
) -> None:
    odd = {"type": 5, "name": ["x"], "nodes": {"a": 1, "b": {"properties": [], "x": {}}}}
    store(database, DeviceHandler(), inbound("gate-1/$description", odd))
    view = equipment.get_device("gate-1")
    assert (view.kind, view.name, view.properties) == ("", "gate-1", ())


def test_a_settable_property_is_commanded_over_the_bus(
    gate: Database, equipment: EquipmentService, sent: Sent
) -> None:
    payload = json.dumps({"token": "a1"}).encode()
    equipment.command(actor="boss", device="gate-1", node="gate", prop="self-test", payload=payload)
    assert sent == [Outbound(Topic("gate-1", "set", "gate", "self-test"), payload)]
    with gate.read() as session:
        assert audit.verify(session).records == 1


def test_what_is_not_settable_or_not_there_is_not_commanded(
    gate: Database, equipment: EquipmentService, sent: Sent
) -> None:
    with pytest.raises(Invalid):
        equipment.command(actor="boss", device="gate-1", node="gate", prop="last-seq", payload=b"1")
    with pytest.raises(NotFound):
        equipment.command(actor="boss", device="gate-2", node="gate", prop="self-test", payload=b"1")
    store(gate, DeviceHandler(), inbound("gate-1/$state", "lost"))
    with pytest.raises(Conflict):
        equipment.command(actor="boss", device="gate-1", node="gate", prop="self-test", payload=b"1")
    assert sent == []


@pytest.mark.parametrize(("node", "prop"), [("gate", "committed"), ("jobs", "order"), ("jobs", "committed")])
def test_nobody_speaks_for_the_hub(
    gate: Database, equipment: EquipmentService, sent: Sent, node: str, prop: str
) -> None:
    """A receipt that a person sends would make the agent throw away passages that nobody has stored."""
    nodes = {node: {"properties": {prop: {"name": prop, "datatype": "json", "settable": True}}}}
    store(gate, DeviceHandler(), inbound("gate-1/$description", {"type": "gate", "nodes": nodes}))
    with pytest.raises(Invalid) as raised:
        equipment.command(actor="boss", device="gate-1", node=node, prop=prop, payload=b"{}")
    assert (raised.value.code, sent) == ("property_not_settable", [])


def test_a_forgotten_device_leaves_nothing_on_the_broker(
    gate: Database, equipment: EquipmentService, sent: Sent
) -> None:
    told = {"$alert/beam": "dirty", "gate/last-seq": "3", "gate/blocked": [1], "clock/fit": {"ppm_lo": -20}}
    store(gate, DeviceHandler(), *(inbound(f"gate-1/{place}", value) for place, value in told.items()))
    equipment.forget(actor="boss", device="gate-1")
    assert equipment.list_devices() == []
    assert [(str(out.topic), out.payload, out.retain) for out in sent] == [
        (f"lab/5/gate-1/{place}", b"", True) for place in ("$state", "$description", *told)
    ]


def test_a_forgotten_device_stays_off_the_list_when_the_hub_hears_its_own_words(
    gate: Database, equipment: EquipmentService, sent: Sent
) -> None:
    equipment.forget(actor="boss", device="gate-1")
    for out in sent:
        store(gate, DeviceHandler(), inbound(str(out.topic).removeprefix("lab/5/"), out.payload))
    assert equipment.list_devices() == []


def test_the_list_of_devices_takes_as_many_questions_for_fifty_as_for_two(
    database: Database, equipment: EquipmentService
) -> None:
    asked: list[str] = []

    def count(devices: int) -> int:
        asked.clear()
        store(database, DeviceHandler(), *(inbound(f"gate-{n}/$state", "ready") for n in range(devices)))
        equipment.list_devices()
        return len(asked)

    event.listen(database.reader_engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    assert count(2) == count(50)
