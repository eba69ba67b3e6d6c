"""Backups on both databases: one moment, verified, of any older version, and nothing lost when one fails."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from lab_controller import audit
from lab_controller.backups import Restored, check_backup, check_restorable, restore_backup, save_backup
from lab_controller.bus.changes import Changes
from lab_controller.championships.service import ChampionshipService
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.database.migrate import downgrade
from lab_controller.database.revisions import head_revision
from lab_controller.errors import Conflict, Invalid, LabError
from lab_controller.verifying import Verified
from tests.championships.contests import SLUG, set_up
from tests.peers import postgres


@pytest.fixture(autouse=True)
def tools(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if not database.is_sqlite:
        monkeypatch.setenv("PATH", postgres.programs(), prepend=":")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lab.backup"


def append(database: Database, number: int) -> None:
    with database.write() as session:
        audit.append(session, at_us=number, actor="t", action="t", subject="t", payload={"n": number})


def count(database: Database) -> int:
    """Audit records there are, with no connection left open."""
    with database.read() as session:
        found = audit.verify(session).records
    database.close()
    return found


def execute(database: Database, *statements: str) -> None:
    with database.write() as session:
        for statement in statements:
            session.connection().execute(text(statement))
    database.close()


def refusal(database: Database, file: Path) -> str:
    with pytest.raises(LabError) as raised:
        restore_backup(database.url, file)
    return raised.value.code


def things(database: Database) -> list[str]:
    """Where a restore may leave something: the database's schemas, or the files beside it."""
    if database.is_sqlite:
        return sorted(path.name for path in Path(database.url.removeprefix("sqlite:///")).parent.iterdir())
    with database.read() as session:
        query = text(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)' ORDER BY 1"
        )
        found = list(session.connection().execute(query).scalars())
    database.close()
    return found


def begin_championship(database: Database) -> None:
    set_up(ChampionshipService(database, ManualClock(), Changes()), SLUG)


def forge_log(database: Database) -> None:
    """As somebody could who owns the database, and may drop the trigger that forbids it."""
    forbid = (
        ["DROP TRIGGER championship_log_no_update"]
        if database.is_sqlite
        else ["DROP TRIGGER championship_log_append_only ON championship_log"]
    )
    execute(database, *forbid, "UPDATE championship_log SET actor = 'nobody' WHERE seq = 3")


def test_a_backup_beside_a_busy_writer_is_one_moment(database: Database, tmp_path: Path) -> None:
    append(database, 0)
    stop = threading.Event()

    def write() -> None:
        number = 1
        while not stop.is_set():
            append(database, number)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        reports = [save_backup(database.url, tmp_path / f"{number}.backup") for number in range(3)]
    finally:
        stop.set()
        writer.join()
    counts = [report.verified.audit_records for report in reports if report.verified]
    assert (len(counts), counts) == (3, sorted(counts))
    assert counts[0] >= 1
    assert refusal(database, reports[0].path) == "database_in_use"
    database.close()
    assert restore_backup(database.url, reports[0].path).verified == Verified(counts[0], 0)
    assert count(database) == counts[0]


def test_a_restored_database_is_saved_and_restored_again(database: Database, tmp_path: Path) -> None:
    for number in range(1, 4):
        append(database, number)
        file = tmp_path / f"{number}.backup"
        report = save_backup(database.url, file)
        assert (report.revision, report.verified) == (head_revision(), Verified(number, 0))
        append(database, 100)
        database.close()
        assert restore_backup(database.url, file).verified == Verified(number, 0)
        assert count(database) == number


def test_a_backup_taken_before_an_update_is_brought_to_this_versions_shape(
    database: Database, file: Path
) -> None:
    append(database, 1)
    database.close()
    downgrade(database.url, "0001")
    report = save_backup(database.url, file)
    assert (report.revision, report.verified) == ("0001", None)
    database.migrate()
    append(database, 2)
    begin_championship(database)
    database.close()
    assert restore_backup(database.url, file).verified == Verified(1, 0)
    assert (database.is_current(), count(database)) == (True, 1)


def test_a_backup_is_restored_where_there_is_nothing_yet(
    database: Database, file: Path, tmp_path: Path
) -> None:
    append(database, 1)
    save_backup(database.url, file)
    database.close()
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}" if database.is_sqlite else postgres.create_database()
    assert restore_backup(url, file) == Restored(None, Verified(1, 0))
    fresh = Database(url)
    assert (fresh.is_current(), count(fresh)) == (True, 1)
    if not database.is_sqlite:
        postgres.drop_database(url)


def test_a_backup_of_a_newer_lab_is_refused_and_replaces_nothing(database: Database, file: Path) -> None:
    execute(database, "UPDATE alembic_version SET version_num = '9999'")
    save_backup(database.url, file)
    execute(database, f"UPDATE alembic_version SET version_num = '{head_revision()}'")
    append(database, 1)
    database.close()
    before = things(database)
    with pytest.raises(Conflict) as raised:
        check_restorable(database.url, file)
    assert raised.value.code == refusal(database, file) == "backup_of_newer_lab"
    assert (things(database), count(database)) == (before, 1)


def test_nothing_is_restored_while_somebody_has_the_database_open(database: Database, file: Path) -> None:
    append(database, 1)
    save_backup(database.url, file)
    append(database, 2)
    with database.read() as session:
        session.connection().execute(text("SELECT 1"))
        assert refusal(database, file) == "database_in_use"
    assert count(database) == 2


def test_every_championships_log_is_verified(database: Database, file: Path) -> None:
    begin_championship(database)
    append(database, 1)
    report = save_backup(database.url, file)
    database.close()
    assert report.verified == Verified(1, 1)
    assert restore_backup(database.url, file).verified == Verified(1, 1)
    assert ChampionshipService(database, ManualClock(), Changes()).state(SLUG).entries
    database.close()


def test_a_changed_championship_log_stops_the_backup(database: Database, file: Path) -> None:
    begin_championship(database)
    forge_log(database)
    with pytest.raises(Invalid) as raised:
        save_backup(database.url, file)
    assert raised.value.code == "championship_log_broken"
    assert raised.value.params == {"championship": SLUG, "seq": 3, "problem": "hash"}
    assert not file.exists()


@pytest.mark.parametrize(
    ("change", "seq", "problem"),
    [
        ("UPDATE championships SET head_seq = head_seq - 1", 6, "count"),
        ("UPDATE championships SET head_seq = head_seq + 1", 7, "count"),
        ("UPDATE championships SET head_hash = 'other'", 6, "other_head"),
    ],
)
def test_a_log_that_does_not_end_where_its_championship_does_is_broken(
    database: Database, file: Path, change: str, seq: int, problem: str
) -> None:
    begin_championship(database)
    execute(database, change)
    with pytest.raises(Invalid) as raised:
        save_backup(database.url, file)
    assert raised.value.params == {"championship": SLUG, "seq": seq, "problem": problem}


def test_a_backup_that_cannot_be_brought_to_this_versions_shape_replaces_nothing(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(database, 1)
    save_backup(database.url, file)
    append(database, 2)
    database.close()
    before = things(database)

    def fail(_: str) -> None:
        raise OSError("no space")

    for name in ("backups.upgrade", "dumps.upgrade"):
        monkeypatch.setattr(f"lab_controller.{name}", fail)
    with pytest.raises(OSError, match="no space"):
        restore_backup(database.url, file)
    assert (things(database), count(database)) == (before, 2)


@pytest.mark.parametrize("code", ["audit_broken", "championship_log_broken"])
def test_a_forged_backup_is_refused_and_the_database_stays_as_it_was(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    begin_championship(database)
    append(database, 1)
    if code == "audit_broken":
        execute(database, "UPDATE audit_records SET actor = 'nobody'")
    else:
        forge_log(database)
    with monkeypatch.context() as unverified:
        for name in ("backups.verify_all", "dumps.verify"):
            unverified.setattr(f"lab_controller.{name}", lambda _: None)
        save_backup(database.url, file)
    execute(database, "UPDATE championships SET name_en = 'Later'")
    before = things(database)
    assert (refusal(database, file), things(database)) == (code, before)
    with database.read() as session:
        assert session.connection().execute(text("SELECT name_en FROM championships")).scalar() == "Later"


def test_a_torn_backup_is_named(database: Database, file: Path, tmp_path: Path) -> None:
    save_backup(database.url, file)
    torn = tmp_path / "torn"
    torn.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(LabError):
        check_backup(torn)


def test_a_backup_that_is_no_backup_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError) as raised:
        check_backup(tmp_path / "nothing")
    assert raised.value.code == "backup_missing"
    (tmp_path / "text").write_text("hello")
    with pytest.raises(Invalid):
        check_backup(tmp_path / "text")
