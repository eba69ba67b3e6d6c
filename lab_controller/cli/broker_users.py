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
    from lab_controller.bus.access import format_acl

    with _accounts() as accounts:
        rows = accounts.list()
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "passwd": "".join(f"{line}\n" for _, line in rows),
        "acl": format_acl(member for member, _ in rows),
    }
    for name, text in texts.items():
        partial = folder / f".{name}.partial"
        partial.touch(mode=0o640)
        partial.write_text(text)
        partial.replace(folder / name)
    typer.echo(f"{len(rows)} accounts in {folder}")


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Who may connect to the broker.")
    for name, command in (("add", add), ("remove", remove), ("list", list_), ("export", export)):
        group.command(name)(command)
    app.add_typer(group, name="broker-users")
