"""The kit as a Homie 5 device, domain `lab`."""

import json

ROOT = "lab/5/"
NAME = ["Wi-Fi kit"]
BLINKS = [False]
JOBS = ("order", "part", "cancel", "committed")


def _property(name, datatype, **more):
    told = {"name": name, "datatype": datatype}
    told.update(more)
    return told


def _command(name, datatype="json"):
    return _property(name, datatype, settable=True, retained=False)


def description():
    """The retained `$description`."""
    jobs = {name: _command(name) for name in JOBS}
    jobs["event"] = _property("event", "json", retained=False)
    program = {
        "accepts": _property("Programs it takes", "json"),
        "running": _property("Program is running", "boolean"),
        "run": _command("Run the program", "string"),
        "stop": _command("Stop the program", "boolean"),
    }
    board = {"reset": _command("Restart the board", "boolean")}
    if BLINKS[0]:
        board["identify"] = _command("Blink", "boolean")
    nodes = {
        "program": program,
        "jobs": jobs,
        "board": board,
        "console": {"printed": _property("Printed text", "json", retained=False)},
        "telemetry": {"stream": _property("Measurements", "json", retained=False)},
        "firmware": {"version": _property("MicroPython version", "string")},
    }
    told = {name: {"name": name, "type": name, "properties": nodes[name]} for name in nodes}
    return json.dumps({"homie": "5.0", "version": 1, "name": NAME[0], "type": "esp32", "nodes": told})


def state_topic(device):
    return ROOT + device + "/$state"


def description_topic(device):
    return ROOT + device + "/$description"


def property_topic(device, name):
    """`name` is node/property, as in "program/running"."""
    return ROOT + device + "/" + name


def set_filter(device):
    return ROOT + device + "/+/+/set"


def parse_set(device, topic):
    """node/property of a `set` topic, or None."""
    start, end = ROOT + device + "/", "/set"
    if not topic.startswith(start) or not topic.endswith(end):
        return None
    return topic[len(start) : -len(end)]
