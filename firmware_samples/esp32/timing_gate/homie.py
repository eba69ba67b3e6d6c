"""The gate as a Homie 5 device, domain `lab`."""

import json

ROOT = "lab/5/"
RESOLUTION_US = 1000


def _property(name, datatype, **more):
    told = {"name": name, "datatype": datatype}
    told.update(more)
    return told


def description():
    """The retained `$description`."""
    gate = {
        "passage": _property("Passage", "json", retained=False),
        "edge": _property("Raw edge", "json", retained=False),
        "last-seq": _property("Last passage", "integer"),
        "armed": _property("Armed", "boolean", settable=True),
        "arm": _property("Arm", "json", settable=True, retained=False),
        "blocked": _property("Blocked beams", "json"),
        "committed": _property("Committed passages", "json", settable=True, retained=False),
        "self-test": _property("Self-test", "json", settable=True, retained=False),
        "resolution": _property("Error of a time", "integer", unit="us"),
    }
    clock = {"sync": _property("Clock reading", "json", settable=True, retained=False)}
    return json.dumps(
        {
            "homie": "5.0",
            "version": 1,
            "name": "Timing gate",
            "type": "gate",
            "nodes": {
                "gate": {"name": "Gate", "type": "gate", "properties": gate},
                "clock": {"name": "Clock", "type": "clock", "properties": clock},
            },
        }
    )


def state_topic(device):
    return ROOT + device + "/$state"


def description_topic(device):
    return ROOT + device + "/$description"


def property_topic(device, name):
    """`name` is node/property, as in "gate/passage"."""
    return ROOT + device + "/" + name


def set_filter(device):
    return ROOT + device + "/+/+/set"


def parse_set(device, topic):
    """node/property of a `set` topic, or None."""
    start, end = ROOT + device + "/", "/set"
    if not topic.startswith(start) or not topic.endswith(end):
        return None
    return topic[len(start) : -len(end)]
