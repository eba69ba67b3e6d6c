"""Backups: taken while the lab runs, of one moment, and read back before they count."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.engine import URL, make_url
from sqlmodel import Session

from lab_controller import audit
from lab_controller.database.engines import make_engine
from lab_controller.database.migrate import upgrade
from lab_controller.database.revisions import head_revision
from lab_controller.errors import Conflict, Invalid, NotFound, Unavailable

MAGIC = {"SQLite": b"SQLite format 3\x00", "PostgreSQL": b"PGDMP"}


@dataclass(frozen=True, slots=True)
class BackupReport:
    path: Path
    size_bytes: int
    revision: str | None
    audit_records: int | None


@dataclass(frozen=True, slots=True)
class Restored:
    """Where the SQLite database that was there is kept, and how long the verified audit log is."""

    kept: Path | None
    audit_records: int


def save_backup(url: str, path: Path) -> BackupReport:
    """Write one file with everything that is committed now; it appears under its name only when it is good.

    Raises Conflict if the file is there, Invalid if what was written does not verify.
    """
    if path.exists():
        raise Conflict("backup_exists", path=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with contextlib.suppress(FileNotFoundError):
        partial.unlink()
    partial.touch(mode=0o600)
    try:
        address = make_url(url)
        if _is_sqlite(url):
            _copy_sqlite(Path(address.database or ""), partial)
        else:
            _run("pg_dump", address, "--format=custom", "--no-owner", f"--file={partial}")
        report = check_backup(partial)
        _sync(partial)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return BackupReport(path, report.size_bytes, report.revision, report.audit_records)


def check_backup(path: Path) -> BackupReport:
    """Read a backup through; raises NotFound or Invalid `backup_damaged`."""
    if _find_kind(path) == "SQLite":
        return _check_sqlite(path)
    _run("pg_restore", None, f"--file={os.devnull}", str(path))
    return BackupReport(path, path.stat().st_size, None, None)


def check_restorable(url: str, path: Path) -> None:
    """Read a backup through that shall replace `url`; raises Conflict if it is of the other database."""
    wanted = "SQLite" if _is_sqlite(url) else "PostgreSQL"
    if (found := _find_kind(path)) != wanted:
        raise Conflict("backup_of_other_database", path=str(path), found=found, wanted=wanted)
    check_backup(path)


def restore_backup(url: str, path: Path) -> Restored:
    """Put a backup in the database's place, in this version's shape, and verify its audit log.

    Raises Conflict `database_in_use` while a lab has the SQLite database open, Invalid `audit_broken`.
    """
    check_restorable(url, path)
    address = make_url(url)
    if not _is_sqlite(url):
        options = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
        _run("pg_restore", address, *options, str(path))
        upgrade(url)
        return Restored(None, _verify_audit(make_engine(url, writes=False)))
    target = Path(address.database or "")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_name(target.name + ".partial")
    try:
        records = _prepare_sqlite(address, path, partial)
        kept = _set_aside(target) if target.exists() else None
        partial.rename(target)
    finally:
        for left in target.parent.glob(f"{partial.name}*"):
            left.unlink()
    return Restored(kept, records)


def _prepare_sqlite(address: URL, path: Path, partial: Path) -> int:
    """A copy that is ready to take the database's place; gives the length of its audit log."""
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    shutil.copyfile(path, partial)
    url = address.set(database=str(partial)).render_as_string(hide_password=False)
    upgrade(url)
    records = _verify_audit(make_engine(url, writes=False))
    _sync(partial)
    return records


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
    records = None
    if row[0] == head_revision():
        engine = create_engine("sqlite://", creator=lambda: _open_unchanged(path), poolclass=NullPool)
        records = _verify_audit(engine)
    return BackupReport(path, path.stat().st_size, row[0], records)


def _verify_audit(engine: Engine) -> int:
    try:
        with Session(engine) as session:
            report = audit.verify(session)
    finally:
        engine.dispose()
    if not report.ok:
        raise Invalid("audit_broken", seq=report.broken_at, problem=report.code)
    return report.records


def _open_unchanged(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _run(program: str, address: URL | None, *arguments: str) -> None:
    """A PostgreSQL tool; the password goes by the environment, which other users cannot read."""
    path = shutil.which(program)
    if path is None:
        raise Unavailable("program_missing", program=program, package="postgresql-client")
    environment = dict(os.environ)
    options: list[str] = []
    if address is not None:
        environment["PGPASSWORD"] = address.password or ""
        plain = address.set(drivername="postgresql", password=None)
        options = [f"--dbname={plain.render_as_string(hide_password=False)}"]
    command = [path, *options, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    if done.returncode != 0:
        raise Unavailable("program_failed", program=program, problem=done.stderr.strip()[-500:])


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
