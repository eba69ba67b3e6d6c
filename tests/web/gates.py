"""Devices as they would have told of themselves over the bus."""

import json
from typing import Any

from lab_controller.equipment.tables import Device
from lab_controller.lab import Lab

NODES = {"gate": {"properties": {"self-test": {"datatype": "json", "settable": True}}}}


def add_gate(lab: Lab, device: str, name: str, *, state: str = "ready", **told: Any) -> None:
    """A gate with two clear beams, unless `told` says otherwise (alerts, blocked, latest, fit)."""
    now_us = lab.clock.now_us()
    known = {"alerts": {}, "latest": {}, "blocked": [], "fit": None} | told
    with lab.database.write() as session:
        session.add(
            Device(
                id=device,
                kind="gate",
                name=name,
                state=state,
                agent=None,
                description={"nodes": NODES},
                first_seen_us=now_us,
                last_seen_us=now_us,
                **known,
            )
        )


def self_test(**told: Any) -> dict[str, str]:
    """The latest values of a gate whose self-test has just ended."""
    result = {
        "token": "t",
        "blocked": [],
        "bounces": 0,
        "drift_ppm": [10.2, 11.9],
        "link": "ok",
        "problems": [],
    }
    return {"gate/self-test": json.dumps(result | told)}
