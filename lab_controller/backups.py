"""Backups: taken while the lab runs, of one moment, and read back before they count."""

import contextlib
import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import URL, make_url

from lab_controller.database.engines import make_engine
from lab_controller.database.migrate import upgrade
from lab_controller.database.revisions import head_revision, known_revisions
from lab_controller.dumps import check_dump, restore_dump, save_dump
from lab_controller.errors import Conflict, Invalid, NotFound
from lab_controller.verifying import Verified, verify_all

MAGIC = {"SQLite": b"SQLite format 3\x00", "PostgreSQL": b"PGDMP"}


@dataclass(frozen=True, slots=True)
class BackupReport:
    """`verified` is None for tables of another version: their logs are verified once they are restored."""

    path: Path
    size_bytes: int
    revision: str
    verified: Verified | None


@dataclass(frozen=True, slots=True)
class Restored:
    """Where the SQLite database that was there is kept, and what was verified."""

    kept: Path | None
    verified: Verified


def save_backup(url: str, path: Path) -> BackupReport:
    """Write one file with everything that is committed now; it appears under its name only when it is good.

    Raises Conflict if the file is there, Invalid if what was written does not verify: the file itself, the
    audit log, a championship's log.
    """
    if path.exists():
        raise Conflict("backup_exists", path=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with contextlib.suppress(FileNotFoundError):
        partial.unlink()
    partial.touch(mode=0o600)
    try:
        verified = None
        if _is_sqlite(url):
            _copy_sqlite(Path(make_url(url).database or ""), partial)
        else:
            verified = save_dump(url, partial)
        report = check_backup(partial)
        _sync(partial)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return BackupReport(path, report.size_bytes, report.revision, report.verified or verified)


def check_backup(path: Path) -> BackupReport:
    """Read a backup through; raises NotFound or Invalid `backup_damaged`."""
    if _find_kind(path) == "SQLite":
        return _check_sqlite(path)
    return BackupReport(path, path.stat().st_size, check_dump(path), None)


def check_restorable(url: str, path: Path) -> None:
    """Read a backup through that shall replace `url`.

    Raises Conflict `backup_of_other_database`, `backup_of_newer_lab`.
    """
    wanted = "SQLite" if _is_sqlite(url) else "PostgreSQL"
    if (found := _find_kind(path)) != wanted:
        raise Conflict("backup_of_other_database", path=str(path), found=found, wanted=wanted)
    if check_backup(path).revision not in known_revisions():
        raise Conflict("backup_of_newer_lab", path=str(path))


def restore_backup(url: str, path: Path) -> Restored:
    """Put a backup in the database's place, in this version's shape and with its logs verified.

    Raises Conflict `database_in_use` while a lab has the database open, Invalid `audit_broken`,
    `championship_log_broken`; nothing is replaced then.
    """
    check_restorable(url, path)
    if not _is_sqlite(url):
        return Restored(None, restore_dump(url, path))
    address = make_url(url)
    target = Path(address.database or "")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_name(target.name + ".partial")
    try:
        verified = _prepare_sqlite(address, path, partial)
        kept = _set_aside(target) if target.exists() else None
        partial.rename(target)
    finally:
        for left in target.parent.glob(f"{partial.name}*"):
            left.unlink()
    return Restored(kept, verified)


def _prepare_sqlite(address: URL, path: Path, partial: Path) -> Verified:
    """A copy that is ready to take the database's place."""
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    shutil.copyfile(path, partial)
    url = address.set(database=str(partial)).render_as_string(hide_password=False)
    upgrade(url)
    verified = verify_all(make_engine(url, writes=False))
    _sync(partial)
    return verified


def _is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def _find_kind(path: Path) -> str:
    """Which database a backup is of, by its first bytes."""
    if not path.is_file():
        raise NotFound("backup_missing", path=str(path))
    with path.open("rb") as file:
        head = file.read(16)
    for kind, magic in MAGIC.items():
        if head.startswith(magic):
            return kind
    raise Invalid("backup_damaged", path=str(path), problem="neither SQLite nor pg_dump")


def _set_aside(target: Path) -> Path:
    """Make sure that nobody has the database open, fold its journal in, and move it."""
    connection = sqlite3.connect(target, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise Conflict("database_in_use", path=str(target)) from error
    finally:
        connection.close()
    number = 1
    while (kept := target.with_name(f"{target.name}.replaced-{number}")).exists():
        number += 1
    target.rename(kept)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    return kept


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise NotFound("database_missing", path=str(source))
    with (
        contextlib.closing(sqlite3.connect(source)) as live,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        # A single file that can be carried away, without the journal beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def _check_sqlite(path: Path) -> BackupReport:
    try:
        with contextlib.closing(_open_unchanged(path)) as copy:
            problems = [row[0] for row in copy.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]
            problems += [f"orphan in {row[0]}" for row in copy.execute("PRAGMA foreign_key_check")]
            row = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise Invalid("backup_damaged", path=str(path), problem=str(error)) from error
    if row is None:
        problems.append("no revision")
    if problems:
        raise Invalid("backup_damaged", path=str(path), problem=problems[0])
    verified = None
    if row[0] == head_revision():
        engine = create_engine("sqlite://", creator=lambda: _open_unchanged(path), poolclass=NullPool)
        verified = verify_all(engine)
    return BackupReport(path, path.stat().st_size, row[0], verified)


def _open_unchanged(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
