"""The broker inside `lab serve`: nothing to install for one room."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

from lab_controller import metrics
from lab_controller.bus.access import Kind, Member
from lab_controller.bus.accounts import BrokerAccounts
from lab_controller.bus.lab_broker import BrokerHooks, LabBroker
from lab_controller.canonical import canonical_json
from lab_controller.clock import Clock
from lab_controller.settings import Settings

log = structlog.get_logger(__name__)

SESSION_EXPIRY_S = 7 * 24 * 3600
# A client is silent for half as long again as it promised before it counts as lost.
GRACE_S = 8
FAILURE_WINDOW_US = 60_000_000
FAILURES_PER_ADDRESS = 30
CONTEST_WINDOW_US = 60_000_000
TOLD_S = 300.0
ALERTS = ("publish-refused", "session-contested")
"""What the broker itself says of a device."""


class EmbeddedBroker:
    """Start it before the hub connects. It keeps nothing on disk: what must last is in the database."""

    def __init__(self, settings: Settings, accounts: BrokerAccounts, clock: Clock) -> None:
        self._settings = settings
        self._accounts = accounts
        self._clock = clock
        self._failures: defaultdict[str, deque[int]] = defaultdict(deque)
        self._asking: Counter[str] = Counter()
        self._door: ThreadPoolExecutor | None = None
        self._take_overs: dict[str, int] = {}
        self._told: dict[tuple[str, str], int] = {}
        self._expected: dict[Member, tuple[str, ...]] = {}
        self._broker: LabBroker | None = None
        self.port = settings.mqtt_port

    def expect_hub(self, client_id: str, filters: Sequence[str]) -> None:
        """Before `start`: a gate that reconnects faster than the hub must not speak to nobody."""
        self._expected[Member(client_id, Kind.HUB)] = tuple(filters)

    async def start(self) -> None:
        listener = ListenerConfig(
            type=ListenerType.TCP, bind=f"{self._settings.mqtt_host}:{self.port}", max_connections=2000
        )
        config = BrokerConfig(
            listeners={"default": listener},
            plugins={},
            session_expiry_interval=SESSION_EXPIRY_S,
            timeout_disconnect_delay=GRACE_S,
        )
        hooks = BrokerHooks(self._authenticate, self._notice, self._settings.mqtt_max_payload_bytes)
        self._broker = LabBroker(config, hooks)
        for member, filters in self._expected.items():
            self._broker.expect(member, filters)
        # Its own threads: a flood of guesses must not keep the rest of the lab waiting for one.
        self._door = ThreadPoolExecutor(2, "broker-door")
        await self._broker.start()
        self.port = self._broker.bound_port()
        log.info("broker listens", host=self._settings.mqtt_host, port=self.port)

    async def stop(self) -> None:
        broker, self._broker = self._broker, None
        self._told.clear()
        if broker is not None:
            await broker.shutdown()
        door, self._door = self._door, None
        if door is not None:
            door.shutdown(wait=False)

    async def _authenticate(self, username: str, password: str, address: str) -> Member | None:
        failures = self._failures[address]
        now_us = self._clock.now_us()
        while failures and failures[0] <= now_us - FAILURE_WINDOW_US:
            failures.popleft()
        if self._door is None or len(failures) + self._asking[address] >= FAILURES_PER_ADDRESS:
            return None
        self._asking[address] += 1
        try:
            loop = asyncio.get_running_loop()
            member = await loop.run_in_executor(self._door, self._accounts.authenticate, username, password)
        finally:
            self._asking[address] -= 1
        if member is None:
            failures.append(now_us)
        elif not failures:
            self._failures.pop(address, None)
        return member

    def _notice(self, code: str, **details: object) -> None:
        metrics.REFUSALS.labels(code).inc()
        log.warning("broker", code=code, **details)
        if code == "session_taken_over":
            self._notice_take_over(str(details["username"]), details)
        elif code == "publish_refused":
            self._tell(str(details["username"]), code, {"topic": details["topic"]})

    def _notice_take_over(self, device: str, details: dict[str, object]) -> None:
        """One take-over is a cable that was pulled; a second within a minute is two with one name."""
        now_us = self._clock.now_us()
        before_us = self._take_overs.get(device)
        self._take_overs[device] = now_us
        if before_us is not None and now_us - before_us <= CONTEST_WINDOW_US:
            self._tell(device, "session_contested", {"address": details.get("address")})

    def _tell(self, device: str, code: str, params: dict[str, object]) -> None:
        """An alert on the device's page until it has kept quiet for a while; a flood is told once."""
        is_news = (device, code) not in self._told
        self._told[device, code] = self._clock.now_us()
        if is_news and self._broker is not None:
            payload = canonical_json({"code": code, "params": params})
            self._broker.say(alert_topic(device, code), payload.encode())
            asyncio.get_running_loop().call_later(TOLD_S, self._end, device, code)

    def _end(self, device: str, code: str) -> None:
        last_us = self._told.get((device, code))
        if self._broker is None or last_us is None:
            return
        left_s = TOLD_S - (self._clock.now_us() - last_us) / 1e6
        if left_s > 0:
            asyncio.get_running_loop().call_later(left_s, self._end, device, code)
            return
        del self._told[device, code]
        self._broker.say(alert_topic(device, code), b"")


def alert_topic(device: str, code: str) -> str:
    return f"lab/5/{device}/$alert/{code.replace('_', '-')}"
