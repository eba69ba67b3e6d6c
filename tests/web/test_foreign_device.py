"""A Homie 5 device that no kit of ours describes: shown, measured and commanded by its own description."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from devices.transports.mqtt import MqttTransport
from lab_controller.bus.access import Kind
from lab_controller.lab import Lab
from lab_controller.telemetry.history import list_series
from tests.devices.waiting import until
from tests.web.kits import say
from web.kit_page_view import view_kit

DEVICE = "greenhouse-7"
DESCRIPTION = {
    "homie": "5.0",
    "version": 1700000000,
    "name": "Greenhouse",
    "nodes": {
        "air": {
            "name": "Air",
            "properties": {
                "temperature": {"name": "Temperature", "datatype": "float", "unit": "°C", "format": "-40:80"},
                "humidity": {"name": "Humidity", "datatype": "integer", "unit": "%"},
            },
        },
        "fan": {
            "name": "Fan",
            "type": "fan",
            "properties": {
                "mode": {
                    "name": "Fan mode",
                    "datatype": "enum",
                    "format": "off,low,high",
                    "settable": True,
                },
                "burst": {"datatype": "boolean", "settable": True, "retained": False},
            },
        },
    },
}
JSON = {"Accept": "application/json"}


def prop(datatype: str, *, settable: bool = False, name: str = "told") -> dict[str, object]:
    return {"name": name, "datatype": datatype, "settable": settable}


LIKE_OURS = {
    "name": "Garden",
    "nodes": {
        "board": {
            "properties": {
                "led": prop("boolean", settable=True, name="Lamp"),
                "heat": prop("float", name="Heat of the board"),
                "reset": prop("boolean", settable=True),
            }
        },
        "battery": {"properties": {"limit": prop("integer", settable=True), "percent": prop("integer")}},
        "ports": {"properties": {"usb": prop("float", name="Current"), "a": prop("json")}},
        "firmware": {"properties": {"channel": prop("string", settable=True), "version": prop("string")}},
        "console": {"properties": {"width": prop("integer"), "send": prop("string", settable=True)}},
        "program": {"properties": {"season": prop("string"), "running": prop("boolean")}},
        "telemetry": {
            "properties": {
                "stream": prop("json"),
                "rate": prop("integer", settable=True),
                "mood": prop("string"),
                "light": prop("float"),
            }
        },
        "pump": {"properties": {"plan": prop("json", settable=True, name="Plan"), "past": prop("json")}},
        "jobs": {"properties": {"order": prop("json", settable=True), "event": prop("json")}},
    },
}
TOLD_LIKE_OURS = {
    "board/heat": "41.5",
    "battery/percent": "80",
    "ports/usb": "0.25",
    "ports/a": '{"device": "pump"}',
    "firmware/version": "2.0",
    "console/width": "80",
    "program/running": "true",
    "telemetry/light": "410",
    "pump/plan": '{"at": "06:00"}',
    "pump/past": '["<b>05:00"]',
}


@pytest.fixture
async def greenhouse(lab: Lab) -> AsyncIterator[MqttTransport]:
    """The device, with an account that may speak for nobody else."""
    assert lab.broker is not None
    password = lab.broker_accounts.add_own(DEVICE, Kind.DEVICE)
    transport = MqttTransport(
        client_id=DEVICE, host="127.0.0.1", port=lab.broker.port, username=DEVICE, password=password
    )
    await transport.subscribe([f"lab/5/{DEVICE}/+/+/set"])
    await transport.start()
    await transport.connected.wait()
    say(transport, f"{DEVICE}/$state", "init", retain=True)
    say(transport, f"{DEVICE}/$description", DESCRIPTION, retain=True)
    say(transport, f"{DEVICE}/fan/mode", "off", retain=True)
    say(transport, f"{DEVICE}/$state", "ready", retain=True)
    yield transport
    await transport.stop()


def shown(lab: Lab) -> dict[str, object]:
    return {f"{each['node']}/{each['prop']}": each["value"] for each in view_kit(lab, DEVICE)["properties"]}


async def ready(lab: Lab) -> None:
    def is_there() -> bool:
        return any(device.id == DEVICE and device.state == "ready" for device in lab.equipment.list_devices())

    await until(is_there)


async def test_it_is_shown_as_it_describes_itself(lab: Lab, greenhouse: MqttTransport) -> None:
    await ready(lab)
    await until(lambda: shown(lab)["fan/mode"] == "off")
    view = view_kit(lab, DEVICE)
    assert (view["title"], view["kind_name"], view["online"], view["problems"]) == (
        "Greenhouse",
        "Greenhouse",
        True,
        [],
    )
    assert [
        (each["name"], each["datatype"], each["unit"], each["settable"]) for each in view["properties"]
    ] == [
        ("Temperature", "float", "°C", False),
        ("Humidity", "integer", "%", False),
        ("Fan mode", "enum", "", True),
        ("burst", "boolean", "", True),
    ]
    assert (view["program"]["accepts"], view["console"]["can_send"], view["actions"]) == (None, False, [])


async def test_what_its_nodes_are_called_hides_nothing(
    lab: Lab, greenhouse: MqttTransport, admin: httpx.AsyncClient
) -> None:
    await ready(lab)
    say(greenhouse, f"{DEVICE}/$description", LIKE_OURS, retain=True)
    for name, value in TOLD_LIKE_OURS.items():
        say(greenhouse, f"{DEVICE}/{name}", value)
    await until(lambda: shown(lab).get("pump/past"))
    listed = {
        *("board/led", "board/heat", "battery/limit", "ports/usb", "firmware/channel", "console/width"),
        *("program/season", "telemetry/rate", "telemetry/mood", "pump/plan", "pump/past"),
    }
    assert shown(lab).keys() == listed
    view = view_kit(lab, DEVICE)
    assert [port["key"] for port in view["plugged"]] == ["a"]
    assert {each["key"] for each in view["series"]} == {
        *("battery/percent", "board/heat", "console/width", "ports/usb", "telemetry/light"),
    }
    page = (await admin.get(f"/kits/{DEVICE}")).text
    assert all(f'id="thing-{name.replace("/", "-")}"' in page for name in listed)
    assert 'value="{&#34;at&#34;: &#34;06:00&#34;}"' in page
    assert "[&#34;&lt;b&gt;05:00&#34;]" in page


async def test_its_readings_are_stored(lab: Lab, greenhouse: MqttTransport) -> None:
    await ready(lab)
    for value in ("21.5", "21.75", "22.0"):
        say(greenhouse, f"{DEVICE}/air/temperature", value, retain=True)
    say(greenhouse, f"{DEVICE}/air/humidity", "40", retain=True)

    def series() -> list[tuple[str, str]]:
        with lab.database.read() as session:
            return sorted((each.key, each.unit) for each in list_series(session, DEVICE))

    await until(lambda: series() == [("air/humidity", "%"), ("air/temperature", "°C")])
    await until(lambda: shown(lab)["air/temperature"] == "22.0")
    assert {each["key"] for each in view_kit(lab, DEVICE)["series"]} == {"air/humidity", "air/temperature"}


async def test_what_may_be_set_is_set_and_what_may_not_is_refused(
    lab: Lab, greenhouse: MqttTransport, admin: httpx.AsyncClient
) -> None:
    await ready(lab)
    path = f"/api/v1/devices/{DEVICE}/properties"
    sent = await admin.post(f"{path}/fan/mode", json={"value": "high"}, headers=JSON)
    assert sent.status_code == 202
    heard = await anext(greenhouse.messages())
    assert (heard.topic, heard.payload) == (f"lab/5/{DEVICE}/fan/mode/set", b"high")
    say(greenhouse, f"{DEVICE}/fan/mode", "high", retain=True)
    await until(lambda: shown(lab)["fan/mode"] == "high")
    refused = await admin.post(f"{path}/air/temperature", json={"value": "5"}, headers=JSON)
    assert (refused.status_code, refused.json()["code"]) == (422, "property_not_settable")


@pytest.mark.parametrize(
    "description",
    ['{"nodes": []}', '{"nodes": {"air": 5, "fan": {"properties": [1]}}}', json.dumps({"name": 7}), "{}"],
)
async def test_a_description_that_makes_no_sense_harms_nothing(
    lab: Lab, greenhouse: MqttTransport, description: str
) -> None:
    await ready(lab)
    say(greenhouse, f"{DEVICE}/$state", "init", retain=True)
    say(greenhouse, f"{DEVICE}/$description", description, retain=True)
    say(greenhouse, f"{DEVICE}/$state", "ready", retain=True)
    await until(lambda: shown(lab) == {})
    assert view_kit(lab, DEVICE)["series"] == []
