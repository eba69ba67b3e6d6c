"""`lab broker-users`: who may connect to the broker, and Mosquitto's files for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab_controller.bus.accounts import BrokerAccounts

ACTOR = "console"


@contextmanager
def _accounts() -> "Iterator[BrokerAccounts]":
    from lab_controller.bus.accounts import BrokerAccounts
    from lab_controller.cli._settings import load_settings, tell_errors
    from lab_controller.clock import SteadyClock
    from lab_controller.database import Database

    settings = load_settings()
    database = Database(settings.store_url)
    try:
        database.migrate()
        with tell_errors():
            yield BrokerAccounts(database, SteadyClock(), settings)
    finally:
        database.close()


def add(
    username: Annotated[str, typer.Argument(help="The device's id, agent-<room>, or lab-hub-<worker>.")],
    password: Annotated[str, typer.Option(help="Without it one is made.")] = "",
) -> None:
    """Let a gate, an agent or a hub connect; its password is printed this once."""
    from lab_controller.bus.access import kind_of

    with _accounts() as accounts:
        kind = kind_of(username)
        made = accounts.add(actor=ACTOR, username=username, kind=kind, password=password or None)
    typer.echo(f"{username} ({kind}): {made}")


def remove(username: str) -> None:
    """Let it connect no more."""
    with _accounts() as accounts:
        accounts.remove(actor=ACTOR, username=username)


def list_() -> None:
    """All accounts of the broker."""
    with _accounts() as accounts:
        for member, _ in accounts.list():
            typer.echo(f"{member.username}\t{member.kind}")


def export(
    folder: Annotated[Path, typer.Argument(help="Where `passwd` and `acl` are written for Mosquitto.")],
) -> None:
    """Write Mosquitto's password file and its rules; then reload Mosquitto."""
    from lab_controller.bus.mosquitto_files import save_mosquitto_files

    with _accounts() as accounts:
        rows, database = accounts.list(), accounts.database_name
    if not rows:
        typer.echo(
            f"lab: there are no accounts in {database}, so nothing was written. If the lab has another "
            "database, give this command the LAB_* settings of `lab serve`: sudo takes none along.",
            err=True,
        )
        raise typer.Exit(1)
    try:
        save_mosquitto_files(folder, rows)
    except PermissionError as error:
        typer.echo(f"lab: {error}. Mosquitto's files stay with their owner: run this with sudo.", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(rows)} accounts of {database} in {folder}; now reload Mosquitto")


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Who may connect to the broker.")
    for name, command in (("add", add), ("remove", remove), ("list", list_), ("export", export)):
        group.command(name)(command)
    app.add_typer(group, name="broker-users")
