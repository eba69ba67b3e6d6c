"""What the hub says to an executor: an order with its program in parts, a cancellation, a receipt."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from lab_controller.bus.handler import Outbound
from lab_controller.bus.topics import Topic
from lab_controller.canonical import canonical_json
from lab_controller.programs.tables import Job, Program

NODE = "jobs"
PART_BYTES = 32 * 1024


def iter_order(job: Job, program: Program, part_bytes: int = PART_BYTES) -> Iterator[Outbound]:
    """The head, then the parts, none of more than `part_bytes`."""
    head = {
        "job": job.id,
        "attempt": job.attempt,
        "device": job.device,
        "name": program.name,
        "size": program.size_bytes,
        "sha256": program.sha256,
        "slot": job.slot,
        "run": job.run,
    }
    yield _say(job.executor, "order", head)
    for n, start in enumerate(range(0, program.size_bytes, part_bytes)):
        data = base64.b64encode(program.data[start : start + part_bytes]).decode()
        yield _say(job.executor, "part", {"job": job.id, "attempt": job.attempt, "n": n, "data": data})


def cancel_order(job: Job) -> Outbound:
    return _say(job.executor, "cancel", {"job": job.id, "attempt": job.attempt})


def confirm_end(executor: str, job: str, attempt: int, n: int) -> Outbound:
    """The end is stored: the executor may forget it."""
    return _say(executor, "committed", {"boot": f"{job}-{attempt}", "seqs": [n]})


def _say(executor: str, prop: str, told: Mapping[str, Any]) -> Outbound:
    return Outbound(Topic(executor, "set", NODE, prop), canonical_json(told).encode())
