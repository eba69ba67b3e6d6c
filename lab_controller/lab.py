"""The lab put together: what `lab serve`, the demo and the tests open."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

import structlog

from devices.agent import agent_id
from devices.clock import MonotonicClock
from devices.timekeeper import Timekeeper
from lab_controller.agent import make_agent
from lab_controller.bus.access import HUB_PREFIX, kind_of
from lab_controller.bus.accounts import BrokerAccounts
from lab_controller.bus.broker import ALERTS, EmbeddedBroker
from lab_controller.bus.changes import Changes
from lab_controller.bus.connecting import Address, connect, external_address, own_address
from lab_controller.bus.hub import FILTERS, Hub
from lab_controller.championships.passages import PassageHandler
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.watch import Watch
from lab_controller.clock import SteadyClock
from lab_controller.database import Database
from lab_controller.equipment.handler import DeviceHandler
from lab_controller.equipment.pairing import AssetsService
from lab_controller.equipment.service import EquipmentService
from lab_controller.people import PeopleService
from lab_controller.people.tokens import TokenService
from lab_controller.programs.handler import JobHandler
from lab_controller.programs.service import ProgramsService
from lab_controller.resuming import resume_clock
from lab_controller.settings import Settings
from lab_controller.telemetry.consoles import ConsoleHandler
from lab_controller.telemetry.handler import TelemetryHandler
from lab_controller.upkeep import roll_up, tidy, watch_clock

log = structlog.get_logger(__name__)

CLOCK_TOLERANCE_US = 1_000_000


class Lab:
    """Everything below the web pages. Open it with `Lab.open`; it closes in the opposite order."""

    def __init__(self, settings: Settings, clock: SteadyClock | None = None) -> None:
        self.settings = settings
        self.hub_id = f"{HUB_PREFIX}{settings.worker}"
        self.clock = clock or SteadyClock()
        self.device_clock = MonotonicClock()
        self.device_clock_id = secrets.token_hex(4)
        self.changes = Changes()
        self.database = Database(settings.store_url)
        self.people = PeopleService(self.database, self.clock, settings)
        self.tokens = TokenService(self.database, self.clock)
        self.assets = AssetsService(self.database, self.clock, self.changes)
        self.broker_accounts = BrokerAccounts(self.database, self.clock, settings)
        self.championships = ChampionshipService(self.database, self.clock, self.changes)
        self.broker = (
            EmbeddedBroker(settings, self.broker_accounts, self.clock) if settings.embedded_broker else None
        )
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.hub: Hub
        self.equipment: EquipmentService
        self.programs: ProgramsService
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, *, embedded_agent: bool = True, clock: SteadyClock | None = None
    ) -> AsyncIterator[Self]:
        """Migrate the database, start the broker (if it is ours), the hub and the room agent."""
        async with AsyncExitStack() as stack:
            lab = cls(settings, clock)
            stack.callback(lab.database.close)
            await asyncio.to_thread(lab._migrate)
            ahead = await asyncio.to_thread(resume_clock, lab.clock, lab.database)
            if lab.broker is not None:
                lab.broker.expect_hub(lab.hub_id, FILTERS)
                await lab.broker.start()
                stack.push_async_callback(lab.broker.stop)
            await lab._start_hub()
            stack.push_async_callback(lab.hub.stop)
            if embedded_agent:
                agent = make_agent(
                    settings,
                    lab._agent_address(),
                    clock=lab.device_clock,
                    clock_id=lab.device_clock_id,
                )
                lab._keep(agent.run(), "agent")
            if timekeeper := lab._timekeeper():
                lab._keep(timekeeper.run(), "timekeeper")
            stack.push_async_callback(lab._end_tasks)
            watch = Watch(lab.championships, spec_ppm=settings.spec_ppm, has_broker=lambda: lab.hub.connected)
            lab._keep(watch.run(), "watch")
            lab._keep(watch_clock(lab.clock, lab.database, lab.changes, ahead), "clock")
            lab._keep(roll_up(lab.clock, lab.database, settings), "roll up")
            lab._keep(tidy(lab.clock, lab.database, settings), "tidy")
            yield lab

    def troubles(self) -> list[str]:
        """Codes of what is wrong with the lab itself, and of what is worth a look."""
        health = self.health()
        return [*health["problems"], *health["notes"]]

    def health(self) -> dict[str, Any]:
        """Codes of what is wrong and of what is worth a look, and figures for a person."""
        problems = []
        if not self.database.is_reachable():
            problems.append("database_away")
        elif not self.database.is_current():
            problems.append("database_old")
        if not self.hub.connected:
            problems.append("broker_away")
        if not self.hub.storing:
            problems.append("messages_not_stored")
        if self.failed.done():
            problems.append("part_failed")
        offset_us = self.clock.host_offset_us()
        return {
            "status": "away" if problems else "ready",
            "problems": problems,
            "notes": ["clock_stepped"] if abs(offset_us) > CLOCK_TOLERANCE_US else [],
            "clock_offset_us": offset_us,
            "messages_waiting": self.hub.waiting,
        }

    def address(self, username: str) -> Address:
        """How this process reaches the broker as `username`: the embedded one by an account of its own."""
        if self.broker is None:
            return external_address(self.settings, username)
        password = self.broker_accounts.add_own(username, kind_of(username))
        return Address("127.0.0.1", self.broker.port, username, password)

    def _agent_address(self) -> Address:
        name = agent_id(self.settings.room)
        if self.broker is None:
            return own_address(self.settings, name, self.settings.mqtt_agent_password)
        return self.address(name)

    def _migrate(self) -> None:
        if not self.database.is_current():
            revision = self.database.migrate()
            log.info("database migrated", revision=revision)

    def _timekeeper(self) -> Timekeeper | None:
        """Measures gates that publish by themselves; two on one broker would only disturb each other."""
        settings, name = self.settings, f"{self.hub_id}-clock"
        if self.broker is None:
            if not settings.mqtt_clock_password:
                return None
            address = own_address(settings, name, settings.mqtt_clock_password)
        else:
            address = self.address(name)
        transport = connect(settings, address, client_id=name, lasting=False)
        return Timekeeper(transport, self.device_clock, self.device_clock_id, settings.spec_ppm)

    async def _start_hub(self) -> None:
        transport = connect(self.settings, self.address(self.hub_id), client_id=self.hub_id)
        spec_ppm = self.settings.spec_ppm
        self.hub = Hub(
            transport,
            self.database,
            [
                DeviceHandler(),
                TelemetryHandler(),
                PassageHandler(self.championships, spec_ppm=spec_ppm),
                ConsoleHandler(),
                JobHandler(),
            ],
            self.changes,
            self.clock,
            hub_id=self.hub_id,
            max_payload_bytes=self.settings.mqtt_max_payload_bytes,
            shared=self.settings.mqtt_shared,
            forward_changes=self.broker is None,
        )
        self.equipment = EquipmentService(
            self.database, self.clock, self.changes, self.hub.publish_from_thread
        )
        self.championships.publish = self.hub.publish_from_thread
        self.programs = ProgramsService(
            self.database,
            self.clock,
            self.changes,
            self.hub.publish_from_thread,
            max_bytes=self.settings.upload_max_mb * 1024 * 1024,
        )
        if self.broker is not None:
            await asyncio.to_thread(self.equipment.clear_alerts, ALERTS)
        await self.hub.start()
        self._watch(self.hub.tasks)

    def _keep(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.append(task)
        self._watch([task])

    def _watch(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.add_done_callback(self._on_end)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        """A part that ends by itself has failed; `lab serve` ends with it and is started again."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("a part of the lab has failed", part=task.get_name(), exc_info=error)
        if not self.failed.done():
            self.failed.set_exception(error)
            # Whoever waits for it gets it; nobody needs to.
            self.failed.exception()

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
