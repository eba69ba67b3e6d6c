"""What must not be lost, on the agent's disk until the hub has committed it."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

RETRY_S = 1.0

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
  device TEXT NOT NULL, boot TEXT NOT NULL, seq INTEGER NOT NULL, topic TEXT NOT NULL, payload TEXT NOT NULL,
  PRIMARY KEY (device, boot, seq)
);
CREATE TABLE IF NOT EXISTS seen (device TEXT PRIMARY KEY, kit TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notes (
  port TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (port, key)
);
"""


@dataclass(frozen=True)
class Contents:
    """What an earlier agent left: `items` not committed, in order; `seen` devices with their kits; `notes`
    of each port by key.
    """

    items: list["KeptItem"]
    seen: dict[str, str]
    notes: dict[str, dict[str, str]]


@dataclass(frozen=True)
class KeptItem:
    """A value on its way to the hub."""

    device: str
    boot: str
    seq: int
    topic: str
    payload: str


Write = Callable[[sqlite3.Connection], object]


class Shelf:
    """One SQLite file, written by one thread; what arrives during a commit shares the next one."""

    def __init__(self, path: Path, on_trouble: Callable[[str | None], None]) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._thread = ThreadPoolExecutor(1, "shelf")
        self._database: sqlite3.Connection | None = None
        self._waiting: list[tuple[Write, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()

    async def open(self) -> Contents:
        """What was there when the agent last ran."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    def put(self, item: KeptItem) -> "asyncio.Future[None]":
        """Done when it is on disk."""
        values = (item.device, item.boot, item.seq, item.topic, item.payload)
        return self._write(lambda db: db.execute("INSERT OR IGNORE INTO kept VALUES (?, ?, ?, ?, ?)", values))

    def drop(self, device: str, boot: str, seqs: Iterable[int]) -> "asyncio.Future[None]":
        """The hub has these."""
        keys = [(device, boot, seq) for seq in seqs]
        query = "DELETE FROM kept WHERE device = ? AND boot = ? AND seq = ?"
        return self._write(lambda db: db.executemany(query, keys))

    def remember(self, device: str, kit: str) -> "asyncio.Future[None]":
        """This device was here."""
        return self._write(lambda db: db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (device, kit)))

    def note(self, port: str, key: str, value: str) -> "asyncio.Future[None]":
        """Something to know of this port the next time; an empty value is forgotten."""
        if not value:
            forget = "DELETE FROM notes WHERE port = ? AND key = ?"
            return self._write(lambda db: db.execute(forget, (port, key)))
        query = "INSERT OR REPLACE INTO notes VALUES (?, ?, ?)"
        return self._write(lambda db: db.execute(query, (port, key, value)))

    async def run(self) -> None:
        """Write what comes, until cancelled."""
        while True:
            await self._wake.wait()
            await self.flush()

    async def flush(self) -> None:
        """Everything that waits is on disk after this, unless the disk fails: then it waits on."""
        self._wake.clear()
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._commit, [write for write, _ in batch])
        except sqlite3.Error as error:
            self._waiting = batch + self._waiting
            self._on_trouble(str(error))
            loop.call_later(RETRY_S, self._wake.set)
            return
        self._on_trouble(None)
        for _, done in batch:
            if not done.done():
                done.set_result(None)

    async def close(self) -> None:
        """After the last commit."""
        await self.flush()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _write(self, write: Write) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((write, done))
        self._wake.set()
        return done

    def _open(self) -> Contents:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._load()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._close()
            self._set_aside()
            log.error("%s is damaged and was set aside: %s", self._path, error)
            return self._load()

    def _load(self) -> Contents:
        self._database = sqlite3.connect(self._path, isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;" + _SCHEMA
        )
        kept = self._database.execute("SELECT device, boot, seq, topic, payload FROM kept ORDER BY rowid")
        items = [KeptItem(*row) for row in kept]
        notes: dict[str, dict[str, str]] = {}
        for port, key, value in self._database.execute("SELECT port, key, value FROM notes"):
            notes.setdefault(port, {})[key] = value
        return Contents(items, dict(self._database.execute("SELECT device, kit FROM seen")), notes)

    def _set_aside(self) -> None:
        """Keep a damaged file for whoever may still read it; the room goes on with an empty one."""
        for suffix in ("", "-wal", "-shm"):
            damaged = self._path.with_name(self._path.name + suffix)
            if damaged.exists():
                damaged.replace(damaged.with_name(f"{self._path.name}.damaged{suffix}"))

    def _commit(self, writes: list[Write]) -> None:
        if self._database is None:
            raise sqlite3.ProgrammingError("the shelf is not open")
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for write in writes:
                write(self._database)
            self._database.execute("COMMIT")
        except sqlite3.Error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
