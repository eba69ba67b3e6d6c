"""What commonly goes wrong on a machine that runs the lab, looked at one by one."""

import asyncio
import grp
import json
import os
import re
import shutil
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from devices.agent import agent_id
from devices.clock import MonotonicClock
from devices.discovery import SystemPorts
from devices.registry import iter_kits
from lab_controller.audit.tables import AuditRecord
from lab_controller.bus.access import HUB_PREFIX
from lab_controller.bus.connecting import Address, connect, external_address, names_account
from lab_controller.database import Database
from lab_controller.errors import LabError
from lab_controller.settings import Settings
from lab_controller.sockets import is_connected
from lab_controller.udev import format_rules, is_installed

FREE_BYTES_NEEDED = 1_000_000_000
SLOW_COMMIT_MS = 20.0
BUILT_AFTER_S = 1_790_000_000
QUEUE_NEEDED = 10_000
MOSQUITTO_DEFAULT_QUEUE = 1000
BROKER_TIMEOUT_S = 5.0
HUB_TIMEOUT_S = 2.0
GUEST = "lab-doctor"
DAY_S = 86_400
TOOLS = ("avrdude", "nbc")


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, as a code with parameters."""

    check: str
    level: Level
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


async def examine(settings: Settings) -> list[Finding]:
    """Every check; none of them changes anything but a file of its own in the data folder."""
    findings = [*check_disk(settings), *check_database(settings), *check_clock(time.time())]
    findings += await check_ports(settings)
    findings += check_modem_manager(Path("/proc"), kept_off=is_installed(format_rules(iter_kits())))
    findings += check_tools()
    findings += await check_broker(settings)
    findings += check_mosquitto(Path("/etc/mosquitto"))
    return findings


def check_disk(settings: Settings) -> Iterable[Finding]:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / ".doctor"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        yield Finding(
            "disk",
            Level.FAILURE,
            "folder_not_writable",
            {"folder": str(folder), "problem": error.strerror},
        )
        return
    free = shutil.disk_usage(folder).free
    level = Level.OK if free >= FREE_BYTES_NEEDED else Level.WARNING
    yield Finding("disk", level, "disk_free", {"folder": str(folder), "free_gb": round(free / 1e9, 1)})


def check_database(settings: Settings) -> Iterable[Finding]:
    try:
        database = Database(settings.store_url)
    except (SQLAlchemyError, ValueError, OSError) as error:
        yield Finding("database", Level.FAILURE, "database_unusable", {"problem": str(error)[:300]})
        return
    try:
        if not database.is_reachable():
            yield Finding("database", Level.FAILURE, "database_away", {})
        elif not database.is_current():
            yield Finding("database", Level.WARNING, "database_old", {})
        else:
            yield from _check_store(database)
            yield from check_clock_steps(database, time.time())
    except SQLAlchemyError as error:
        yield Finding("database", Level.FAILURE, "database_unusable", {"problem": str(error)[:300]})
    finally:
        database.close()


def _check_store(database: Database) -> Iterable[Finding]:
    if database.is_sqlite:
        with database.read() as session:
            verdict = session.connection().execute(text("PRAGMA quick_check(1)")).scalar()
        if verdict != "ok":
            yield Finding("database", Level.FAILURE, "database_damaged", {"problem": str(verdict)})
            return
    times_ms = sorted(_time_commit_ms(database) for _ in range(9))
    level = Level.OK if times_ms[4] < SLOW_COMMIT_MS else Level.WARNING
    yield Finding("database", level, "commit_time", {"median_ms": round(times_ms[4], 2)})


def _time_commit_ms(database: Database) -> float:
    started = time.perf_counter()
    with database.write() as session:
        session.connection().execute(text("INSERT INTO sign_in_tries (key, at_us) VALUES ('doctor', 0)"))
        session.connection().execute(text("DELETE FROM sign_in_tries WHERE key = 'doctor'"))
    return (time.perf_counter() - started) * 1000


def check_clock(now_s: float) -> Iterable[Finding]:
    if now_s < BUILT_AFTER_S:
        yield Finding(
            "clock",
            Level.FAILURE,
            "clock_in_the_past",
            {"date": time.strftime("%Y-%m-%d", time.gmtime(now_s))},
        )
        return
    synchronised = Path("/run/systemd/timesync/synchronized").exists()
    yield Finding("clock", Level.OK, "clock_synchronised" if synchronised else "clock_plausible", {})


def check_clock_steps(database: Database, now_s: float) -> Iterable[Finding]:
    """A step that a lab has noticed within the last day, running or at its start."""
    query = select(AuditRecord).where(AuditRecord.action == "clock_stepped")
    with database.read() as session:
        last = session.exec(query.order_by(col(AuditRecord.seq).desc()).limit(1)).first()
    if last is not None and abs(now_s - last.at_us / 1e6) < DAY_S:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(last.at_us / 1e6))
        told = json.loads(last.payload)
        step_s = round(told["step_us"] / 1e6)
        if "ahead" in told:
            yield Finding("clock", Level.WARNING, "clock_was_ahead", {"ahead_s": -step_s, "at": at})
        else:
            yield Finding("clock", Level.WARNING, "clock_stepped", {"step_s": step_s, "at": at})


async def check_ports(settings: Settings) -> list[Finding]:
    named = [port.strip() for port in settings.serial_ports.split(",") if port.strip()]
    ports = SystemPorts(named, MonotonicClock(), usb=settings.serial_usb)
    findings = []
    found = await ports.find()
    held = await ports.holders(port.path for port in found)
    for port in found:
        finding = check_port(Path(port.path))
        if finding.level is Level.OK and (holder := held.get(port.path)):
            finding = Finding("ports", Level.WARNING, "port_held", {"port": port.path, "holder": holder})
        findings.append(finding)
    return findings or [Finding("ports", Level.OK, "ports_none")]


def check_port(path: Path) -> Finding:
    if not path.exists():
        return Finding("ports", Level.WARNING, "port_missing", {"port": str(path)})
    if os.access(path, os.R_OK | os.W_OK):
        return Finding("ports", Level.OK, "port_free", {"port": str(path)})
    group = grp.getgrgid(path.stat().st_gid).gr_name
    return Finding("ports", Level.FAILURE, "port_forbidden", {"port": str(path), "group": group})


def check_modem_manager(proc: Path, *, kept_off: bool) -> Iterable[Finding]:
    """It opens every new serial port and talks to it as if it were a modem."""
    for name in proc.glob("[0-9]*/comm"):
        try:
            running = name.read_text().strip() == "ModemManager"
        except OSError:
            continue
        if running:
            level = Level.OK if kept_off else Level.WARNING
            code = "modem_manager_kept_off" if kept_off else "modem_manager_runs"
            yield Finding("modem_manager", level, code, {})
            return
    yield Finding("modem_manager", Level.OK, "modem_manager_absent", {})


def check_tools() -> Iterable[Finding]:
    """Programs of others, without which some kits take no programs, or not every kind."""
    for tool in TOOLS:
        path = shutil.which(tool)
        if path is None:
            yield Finding("tools", Level.WARNING, f"{tool}_missing", {})
        else:
            yield Finding("tools", Level.OK, f"{tool}_found", {"path": path})


async def check_broker(settings: Settings) -> list[Finding]:
    """Sign in as the hub or the agent of these settings would, unless one of them is signed in.

    A broker knows one client of an account: a second sign-in ends the first one's connection.
    """
    if settings.embedded_broker:
        return [await _check_own_port(settings)]
    try:
        named = names_account(settings)
        address = external_address(settings, "")
    except LabError as error:
        return [Finding("broker", Level.FAILURE, error.code, error.params)]
    accounts = (f"{HUB_PREFIX}{settings.worker}", agent_id(settings.room)) if named else (GUEST,)
    accounts = (address.username,) if address.username else accounts
    where = {"host": address.host, "port": address.port, "username": accounts[0]}
    if named and await asyncio.to_thread(_is_signed_in, settings, address):
        return [Finding("broker", Level.OK, "broker_in_use", where)]
    refusals = []
    for account in accounts:
        reason = await _sign_in(settings, replace(address, username=account), lasting=named)
        if reason is None:
            return [Finding("broker", Level.OK, "broker_answers", {**where, "username": account})]
        refusals.append(reason)
    return [Finding("broker", Level.FAILURE, "broker_refuses", {**where, "reason": refusals[0]})]


async def _sign_in(settings: Settings, address: Address, *, lasting: bool) -> str | None:
    """Why the broker does not let us in; None if it does.

    A session that is not `lasting` would end the one in which messages wait for the account.
    """
    told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def tell(up: bool, reason: str) -> None:
        if not told.done():
            told.set_result(None if up else reason)

    transport = connect(settings, address, client_id=address.username, lasting=lasting)
    transport.on_state = tell
    await transport.start()
    try:
        async with asyncio.timeout(BROKER_TIMEOUT_S):
            return await told
    except TimeoutError:
        return "silent"
    finally:
        await transport.stop()


def _is_signed_in(settings: Settings, address: Address) -> bool:
    """Whether this machine has a connection to the broker, or a hub that says it has one (in a container)."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    if is_connected(Path("/proc"), {str(each[4][0]) for each in found}, address.port):
        return True
    pages = HTTPConnection("127.0.0.1", settings.port, timeout=HUB_TIMEOUT_S)
    try:
        pages.request("GET", "/readyz")
        return "broker_away" not in json.load(pages.getresponse())["problems"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return False
    finally:
        pages.close()


async def _check_own_port(settings: Settings) -> Finding:
    where = {"port": settings.mqtt_port}
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", settings.mqtt_port)
    except OSError:
        return Finding("broker", Level.OK, "broker_port_free", where)
    writer.close()
    return Finding("broker", Level.WARNING, "broker_port_taken", where)


def check_mosquitto(folder: Path) -> Iterable[Finding]:
    """Its queue for an absent hub, if its configuration is on this machine."""
    files = [folder / "mosquitto.conf", *sorted(folder.glob("conf.d/*.conf"))]
    texts = []
    for file in files:
        try:
            texts.append(file.read_text())
        except OSError:
            continue
    if not texts:
        return
    found = re.findall(r"^\s*max_queued_messages\s+(\d+)", "\n".join(texts), re.MULTILINE)
    queue = int(found[-1]) if found else MOSQUITTO_DEFAULT_QUEUE
    enough = queue == 0 or queue >= QUEUE_NEEDED
    level = Level.OK if enough else Level.WARNING
    code = "mosquitto_queue" if enough else "mosquitto_queue_short"
    yield Finding("broker", level, code, {"messages": queue})
