import threading

import pytest
from sqlalchemy import text

from lab_controller import audit
from lab_controller.audit import AuditReport
from lab_controller.database import Database


def append(database: Database, number: int) -> None:
    with database.write() as session:
        audit.append(
            session,
            at_us=1_800_000_000_000_000 + number,
            actor="system",
            action="tested",
            subject=f"test:{number}",
            payload={"name": "Сәлем", "number": number},
        )


def verify(database: Database) -> AuditReport:
    with database.read() as session:
        return audit.verify(session)


@pytest.fixture
def chain(database: Database) -> Database:
    for number in range(5):
        append(database, number)
    return database


def test_an_untouched_chain_verifies(chain: Database) -> None:
    assert verify(chain) == AuditReport(records=5)


@pytest.mark.parametrize(
    ("statement", "report"),
    [
        ("UPDATE audit_records SET actor = 'someone' WHERE seq = 3", AuditReport(2, 3, "record_changed")),
        ("UPDATE audit_records SET at_us = at_us + 1 WHERE seq = 1", AuditReport(0, 1, "record_changed")),
        ("UPDATE audit_records SET payload = '{}' WHERE seq = 5", AuditReport(4, 5, "record_changed")),
        ("DELETE FROM audit_records WHERE seq = 2", AuditReport(1, 2, "record_missing")),
        ("DELETE FROM audit_records WHERE seq = 1", AuditReport(0, 1, "record_missing")),
        ("UPDATE audit_records SET hash = prev_hash WHERE seq = 4", AuditReport(3, 4, "record_changed")),
    ],
)
def test_a_tampered_chain_says_where_it_breaks(chain: Database, statement: str, report: AuditReport) -> None:
    with chain.write() as session:
        session.connection().execute(text(statement))
    assert verify(chain) == report


def test_two_swapped_records_break_the_chain(chain: Database) -> None:
    with chain.write() as session:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            session.connection().execute(
                text("UPDATE audit_records SET seq = :new WHERE seq = :old"), {"old": old, "new": new}
            )
    assert verify(chain) == AuditReport(1, 2, "chain_broken")


def test_writers_at_once_make_one_chain(database: Database) -> None:
    threads = [
        threading.Thread(target=lambda: [append(database, number) for number in range(10)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(database) == AuditReport(records=40)
