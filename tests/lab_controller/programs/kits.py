"""A kit, its agent and a hub for them, without a bus."""

import json
from typing import Any

from sqlmodel import select

from lab_controller.bus.changes import Changes
from lab_controller.bus.handler import Effects, Outbound
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.equipment.handler import DeviceHandler
from lab_controller.programs.handler import JobHandler
from lab_controller.programs.queries import JobView
from lab_controller.programs.service import ProgramsService
from lab_controller.programs.tables import Job
from tests.lab_controller.inbox import inbound, store

AGENT = "agent-room-1"
UNO = "uno-1a2b3c4d"
SKETCH = b":00000001FF\n"
ACCEPTS = {
    "kit": "arduino_uno",
    "suffixes": [".hex", ".ino"],
    "max_bytes": 100_000,
    "slots": 3,
    "first_slot": 1,
}


class Room:
    """`sent` is what the hub published: (topic, told)."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.programs = ProgramsService(database, clock, Changes(), self._publish)
        description = {"type": "arduino-uno", "name": "Uno", "parent": AGENT}
        self.hear(
            DeviceHandler(),
            (f"{UNO}/$description", description),
            (f"{UNO}/$state", "ready"),
            (f"{UNO}/program/accepts", ACCEPTS),
            (f"{AGENT}/$description", {"type": "agent", "nodes": {"jobs": {"properties": {}}}}),
            (f"{AGENT}/$state", "ready"),
        )

    def hear(self, handler: Any, *told: tuple[str, Any]) -> Effects:
        at_us = self.clock.now_us()
        effects = store(
            self.database, handler, *(inbound(topic, payload, at_us=at_us) for topic, payload in told)
        )
        for call in effects.committed:
            call()
        self._publish(effects.publish)
        return effects

    def says(self, job: JobView, state: str, n: int = 0, *, executor: str = AGENT, **more: Any) -> Effects:
        """The executor says something of the job's present attempt."""
        word = {"job": job.id, "attempt": job.attempt, "n": n, "state": state, **more}
        return self.hear(JobHandler(), (f"{executor}/jobs/event", word))

    def is_now(self, executor: str, state: str) -> Effects:
        """An executor comes, or goes."""
        self.hear(DeviceHandler(), (f"{executor}/$state", state))
        return self.hear(JobHandler(), (f"{executor}/$state", state))

    def submit(self, name: str = "blink.hex", data: bytes = SKETCH, **more: Any) -> JobView:
        given: dict[str, Any] = {"slot": None, "run": True, "key": "k1", **more}
        return self.programs.submit(given.pop("actor", "teacher"), UNO, name, data, **given)

    def job(self, job: JobView) -> JobView:
        return self.programs.get_job(job.id)

    def take_sent(self) -> list[tuple[str, dict[str, Any]]]:
        sent, self.sent = self.sent, []
        return sent

    def count_jobs(self) -> int:
        with self.database.read() as session:
            return len(session.exec(select(Job.id)).all())

    def _publish(self, messages: Any) -> None:
        outbound: Outbound
        for outbound in messages:
            self.sent.append((str(outbound.topic), json.loads(outbound.payload)))
