"""PostgreSQL's backups: pg_dump's file, restored beside the database and put in its place when it is good."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlmodel import Session

from lab_controller.database.engines import make_engine
from lab_controller.database.migrate import upgrade
from lab_controller.database.revisions import current_revision, head_revision
from lab_controller.errors import Conflict, Invalid, Unavailable
from lab_controller.verifying import Verified, verify, verify_all

STAGE = "lab_restoring"
# A dump names the schema `public` in every line, so the one that is there steps aside for it.
_BEGIN = (
    f"DROP SCHEMA IF EXISTS {STAGE} CASCADE; ALTER SCHEMA public RENAME TO {STAGE}_kept; "
    # As PostgreSQL makes it; what a role may read in it is in the dump.
    "CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC"
)
_END = f"ALTER SCHEMA public RENAME TO {STAGE}; ALTER SCHEMA {STAGE}_kept RENAME TO public"
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    # What the server does for itself has no user.
    "AND usesysid IS NOT NULL AND pid <> pg_backend_pid()"
)
# A connection that was just closed is listed for a moment more.
_LOOKS, _PAUSE_S = 20, 0.1


def save_dump(url: str, path: Path) -> Verified | None:
    """Dump one moment and verify its logs; None if its tables are not of this version's shape."""
    engine = make_engine(url, writes=False)
    try:
        with Session(engine) as session:
            snapshot = session.connection().execute(text("SELECT pg_export_snapshot()")).scalar_one()
            options = ("--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={path}")
            _run(_command("pg_dump", *_target(url), *options), url)
            is_current = current_revision(session.connection()) == head_revision()
            return verify(session) if is_current else None
    finally:
        engine.dispose()


def check_dump(path: Path) -> str:
    """Read a dump through; gives its revision. Raises Invalid `backup_damaged`, Unavailable."""
    _run(_command("pg_restore", f"--file={os.devnull}", str(path)))
    told = _run(_command("pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(path)))
    lines = iter(told.splitlines())
    if not any(line.startswith("COPY ") for line in lines) or (revision := next(lines, "\\.")) == "\\.":
        raise Invalid("backup_damaged", path=str(path), problem="no revision")
    return revision


def restore_dump(url: str, path: Path) -> Verified:
    """Put a dump in the database's place; whatever fails leaves the database as it was.

    Raises Conflict `database_in_use` while anybody else is connected, and what `verify` raises.
    """
    engine = make_engine(url, writes=True)
    try:
        with engine.connect() as connection:
            _check_unused(connection)
        engine.dispose()
        try:
            _load(url, path)
            staged = _staged(url)
            upgrade(staged)
            verified = verify_all(make_engine(staged, writes=False))
            with engine.begin() as connection:
                _check_unused(connection)
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text(f"ALTER SCHEMA {STAGE} RENAME TO public"))
        finally:
            _clear_stage(engine)
        return verified
    finally:
        engine.dispose()


def _clear_stage(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {STAGE} CASCADE"))


def _check_unused(connection: Connection) -> None:
    for _ in range(_LOOKS):
        # What was seen once is shown again to the end of a transaction.
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        if not connection.execute(text(_OTHERS)).scalar_one():
            return
        time.sleep(_PAUSE_S)
    raise Conflict("database_in_use", path=connection.engine.url.database)


def _staged(url: str) -> str:
    """The same database, seen from the schema into which a dump is restored."""
    address = make_url(url).update_query_dict({"options": f"-csearch_path={STAGE}"})
    return address.render_as_string(hide_password=False)


def _load(url: str, path: Path) -> None:
    """Restore into the schema STAGE of the same database, in one transaction."""
    read = _command("pg_restore", "--no-owner", "--file=-", str(path))
    options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction")
    steps = (f"--command={_BEGIN}", "--file=-", f"--command={_END}")
    with subprocess.Popen(read, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as dump:  # noqa: S603
        _run(_command("psql", *_target(url), *options, *steps), url, source=dump.stdout)
    # Cut short, it would have restored a part without a mistake.
    if dump.returncode:
        raise Invalid("backup_damaged", path=str(path), problem="pg_restore could not read it to its end")


def _target(url: str) -> tuple[str, ...]:
    plain = make_url(url).set(drivername="postgresql", password=None)
    return (f"--dbname={plain.render_as_string(hide_password=False)}",)


def _command(program: str, *arguments: str) -> list[str]:
    path = shutil.which(program)
    if path is None:
        raise Unavailable("program_missing", program=program, package="postgresql-client")
    return [path, *arguments]


def _run(command: list[str], url: str | None = None, source: IO[bytes] | None = None) -> str:
    """A PostgreSQL tool; the password goes by the environment, which other users cannot read."""
    environment = dict(os.environ)
    if url is not None:
        environment["PGPASSWORD"] = make_url(url).password or ""
    done = subprocess.run(command, stdin=source, capture_output=True, check=False, env=environment)  # noqa: S603
    if source is not None:
        # Whoever writes into it learns that nobody reads any more.
        source.close()
    if done.returncode != 0:
        problem = done.stderr.decode(errors="replace").strip()[-500:]
        raise Unavailable("program_failed", program=Path(command[0]).name, problem=problem)
    return done.stdout.decode()
