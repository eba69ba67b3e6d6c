"""Uploads of one room: each kit's own, side by side, told step by step, and ended for certain."""

import asyncio
import json
import logging
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from devices.agent.delivery import Delivery
from devices.agent.desk import COMES_BACK_US
from devices.agent.orders import Order, Orders, parse_key
from devices.agent.payloads import parse_object
from devices.agent.shelf import KeptItem, Shelf
from devices.agent.twin import ROOT, Publish
from devices.clock import Clock
from devices.discovery import Port
from devices.driver import Host
from devices.errors import DeviceError, Param, ProtocolError, UploadError
from devices.kit import Kit
from devices.session import Session
from devices.talk import Progress
from devices.uploads import Program, ToolPort

NODE = "jobs"
SHELF = "jobs"
ARRIVES_US = 60_000_000
PREPARE_S = 60.0
COMPILERS = 4
LOOK_S = 0.1
TOLD_US = 150_000
"""Between two words about the same stage."""
PROPERTIES: Mapping[str, Any] = {
    "order": {"name": "order", "datatype": "json", "settable": True, "retained": False},
    "part": {"name": "part", "datatype": "json", "settable": True, "retained": False},
    "cancel": {"name": "cancel", "datatype": "json", "settable": True, "retained": False},
    "committed": {"name": "committed", "datatype": "json", "settable": True, "retained": False},
    "event": {"name": "event", "datatype": "json", "settable": False, "retained": False},
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bench:
    """Where a kit's program goes."""

    kit: Kit
    session: Session
    host: Host
    port: Port


class Benches(Protocol):
    """What the jobs need to know of the room."""

    def bench(self, device: str) -> Bench:
        """Raises UploadError("device_absent")."""
        ...

    def is_coming_back(self, device: str) -> bool:
        """Whether its port is being opened anew, as after another upload."""
        ...

    def tool_port(self, bench: Bench) -> ToolPort:
        """The kit's port for an external tool."""
        ...


class Jobs:
    """One upload at a time for each kit; a kit that hangs holds up no other."""

    def __init__(
        self,
        agent: str,
        benches: Benches,
        delivery: Delivery,
        *,
        shelf: Shelf,
        clock: Clock,
        publish: Publish,
    ) -> None:
        self._agent = agent
        self._benches = benches
        self._delivery = delivery
        self._shelf = shelf
        self._clock = clock
        self._publish = publish
        self._orders = Orders()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._busy: set[str] = set()
        self._known: set[str] = set()
        self._stopping = False
        # Of its own: a compiler that hangs must not keep other kits' ports from being opened.
        self._compilers = ThreadPoolExecutor(COMPILERS, "prepare")

    def restore(self, underway: Collection[str], ended: Collection[str]) -> None:
        """Tell of jobs that an earlier agent had begun and could not end.

        Their orders may come again, as may those of jobs that it `ended` and the hub has not heard of.
        """
        self._known.update(underway, ended)
        for key in underway:
            if key not in ended:
                _Reporter(self, key, first=1_000_000).end("failed", "agent_restarted", {})
            self._shelf.note(SHELF, key, "")

    def command(self, key: str, text: str) -> None:
        """`order`, `part`, `cancel` or `committed` came. Raises DeviceError."""
        now_us = self._clock.now_us()
        match key:
            case "order" | "part":
                try:
                    whole = (self._orders.head if key == "order" else self._orders.part)(text, now_us)
                except UploadError as error:
                    self._refuse(parse_key(parse_object(text)), error)
                    return
                if whole is not None:
                    self._begin(*whole)
            case "cancel":
                self._cancel(text)
            case _:
                raise ProtocolError("bad_command", node=NODE, key=key)

    def tick(self, now_us: int) -> None:
        """Give up orders whose program never came."""
        for order in self._orders.late(now_us - ARRIVES_US):
            self._refuse(order.key, UploadError("program_torn", name=order.name))

    async def stop(self) -> None:
        """End what is under way as well as that can be done."""
        self._stopping = True
        for task in self._running.values():
            _cancel_once(task)
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._compilers.shutdown(wait=False, cancel_futures=True)

    def say(self, key: str, told: Mapping[str, Any], *, kept: bool) -> None:
        """Publish one event of a job; what ends it stays on disk until the hub has it."""
        topic, payload = f"{ROOT}/{self._agent}/{NODE}/event", json.dumps(told)
        if kept:
            item = KeptItem(self._agent, key, told["n"], topic, payload)
            self._delivery.keep(item, self._clock.now_us(), lambda: None)
        else:
            self._publish(topic, payload, retain=False)

    def now_us(self) -> int:
        """Of the agent's clock."""
        return self._clock.now_us()

    def _begin(self, order: Order, program: Program) -> None:
        if order.key in self._known:
            return  # the order came twice
        self._known.add(order.key)
        self._shelf.note(SHELF, order.key, order.device)
        task = asyncio.ensure_future(self._carry_out(order, program, _Reporter(self, order.key)))
        self._running[order.key] = task
        task.add_done_callback(lambda done: self._ended(order.key, done))

    def _ended(self, key: str, task: "asyncio.Task[None]") -> None:
        del self._running[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the upload %s failed for a reason of its own", key, exc_info=error)

    async def _carry_out(self, order: Order, program: Program, reporter: "_Reporter") -> None:
        try:
            if order.device in self._busy:
                raise UploadError("device_busy", device=order.device)
            self._busy.add(order.device)
            try:
                await self._upload(order, program, reporter)
            finally:
                self._busy.discard(order.device)
        except DeviceError as error:
            reporter.end("failed", error.code, error.params)
        except asyncio.CancelledError:
            if self._stopping:
                reporter.end("failed", "agent_restarted", {})
            else:
                reporter.end("cancelled", "cancelled", {})
        except BaseException as error:
            reporter.end("failed", "driver_failed", {"problem": type(error).__name__})
            raise
        else:
            reporter.end("succeeded", "", {})
        finally:
            self._shelf.note(SHELF, order.key, "")

    async def _upload(self, order: Order, program: Program, reporter: "_Reporter") -> None:
        bench = await self._find(order.device)
        uploads = bench.kit.uploads
        if uploads is None:
            raise UploadError("takes_no_programs", device=order.device)
        if len(program.data) > uploads.max_bytes:
            raise UploadError("program_too_big", size=len(program.data), limit=uploads.max_bytes)
        if not program.name.lower().endswith(uploads.suffixes):
            raise UploadError("wrong_file_type", name=program.name, takes=", ".join(uploads.suffixes))
        if program.slot is not None and not 0 <= program.slot < uploads.slots:
            raise UploadError("no_such_slot", slot=program.slot + uploads.first_slot, slots=uploads.slots)
        reporter.tell(Progress("preparing"))
        try:
            async with asyncio.timeout(PREPARE_S):
                loop = asyncio.get_running_loop()
                prepared = await loop.run_in_executor(self._compilers, uploads.prepare, program)
        except TimeoutError as error:  # each compiler has a limit of its own: others are before this one
            raise UploadError("too_many_orders", limit=COMPILERS) from error
        reporter.running = True
        if uploads.talk is not None:
            talk = uploads.talk
            await bench.session.converse(
                lambda heard: talk(prepared, heard, bench.host), reporter.tell, reopens=uploads.reopens
            )
        elif uploads.tool is not None:
            async with bench.session.lend():
                port = self._benches.tool_port(bench)
                async for progress in uploads.tool(prepared, port, bench.host.notes):
                    reporter.tell(progress)

    async def _find(self, device: str) -> Bench:
        """Raises UploadError("device_absent"); a kit that has just had another program is waited for."""
        until_us = self._clock.now_us() + COMES_BACK_US
        while True:
            if not self._benches.is_coming_back(device) or self._clock.now_us() >= until_us:
                return self._benches.bench(device)
            await asyncio.sleep(LOOK_S)

    def _cancel(self, text: str) -> None:
        key = parse_key(parse_object(text))
        self._orders.drop(key)
        if (task := self._running.get(key)) is not None:
            _cancel_once(task)
        elif key not in self._known:
            self._known.add(key)
            _Reporter(self, key).end("cancelled", "cancelled", {})

    def _refuse(self, key: str, error: UploadError) -> None:
        """A second copy of an order that is torn says nothing of the first."""
        if key not in self._known:
            self._known.add(key)
            _Reporter(self, key).end("failed", error.code, error.params)


def _cancel_once(task: "asyncio.Task[None]") -> None:
    """A kit that is being left in good order is not interrupted in that."""
    if not task.cancelling():
        task.cancel()


class _Reporter:
    """Numbers the words about one attempt of a job."""

    def __init__(self, jobs: Jobs, key: str, first: int = 0) -> None:
        self.running = False
        self._jobs = jobs
        self._key = key
        self._n = first
        self._last: tuple[str, int] = ("", 0)

    def tell(self, progress: Progress) -> None:
        """A new stage at once, more of the same now and then."""
        now_us = self._jobs.now_us()
        stage, told_us = self._last
        over = progress.total and progress.done >= progress.total
        if progress.stage == stage and now_us - told_us < TOLD_US and not over:
            return
        self._last = progress.stage, now_us
        state = "running" if self.running else "preparing"
        told = {"stage": progress.stage, "done": progress.done, "total": progress.total}
        self._say(state, told, kept=False)

    def end(self, state: str, code: str, params: Mapping[str, Param]) -> None:
        """The last word."""
        self._say(state, {"stage": self._last[0], "code": code, "params": dict(params)}, kept=True)

    def _say(self, state: str, more: Mapping[str, Any], *, kept: bool) -> None:
        job, _, attempt = self._key.rpartition("-")
        told = {"job": job, "attempt": int(attempt), "n": self._n, "state": state, **more}
        self._n += 1
        self._jobs.say(self._key, told, kept=kept)
