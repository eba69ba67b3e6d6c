"""What an error leaves in the logs: where it happened, and nobody's data."""

import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog
from sqlalchemy.exc import IntegrityError

from lab_controller.database import Database
from lab_controller.logs import configure_logs
from lab_controller.people.tables import Account


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize("source", ["structlog", "logging"])
def test_an_error_is_logged_without_the_values_of_variables(
    log_format: Literal["console", "json"], source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(log_format, "info")
    log = structlog.get_logger("test") if source == "structlog" else logging.getLogger("test")

    def read_participants(child: str) -> None:
        raise RuntimeError("broken" if child else "")

    try:
        read_participants("Aizada Secret".lower())
    except RuntimeError as error:
        log.error("failed", exc_info=error)
    told = capsys.readouterr().err
    assert "read_participants" in told
    assert "broken" in told
    assert "aizada" not in told


def test_an_error_of_the_database_names_no_values(database: Database) -> None:
    def add() -> None:
        with database.write() as session:
            session.add(
                Account(
                    id="1",
                    login="aizada",
                    name="Aizada",
                    language="kk",
                    password_hash="hash-of-a-password",
                    active=True,
                    created_us=1,
                )
            )

    add()
    with pytest.raises(IntegrityError) as error:
        add()
    assert "hash-of-a-password" not in str(error.value)
