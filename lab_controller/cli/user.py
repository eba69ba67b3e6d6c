"""`lab user`: accounts and their roles."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab_controller.people import PeopleService
    from lab_controller.people.tokens import TokenService

ACTOR = "console"
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="ROLE or ROLE@SCOPE, such as judge@championship:cup; may be repeated."),
]


@contextmanager
def _people() -> "Iterator[PeopleService]":
    from lab_controller.cli._settings import load_settings, tell_errors
    from lab_controller.clock import SteadyClock
    from lab_controller.database import Database
    from lab_controller.people import PeopleService

    settings = load_settings()
    database = Database(settings.store_url)
    try:
        database.migrate()
        with tell_errors():
            yield PeopleService(database, SteadyClock(), settings)
    finally:
        database.close()


@contextmanager
def _tokens() -> "Iterator[TokenService]":
    from lab_controller.cli._settings import load_settings, tell_errors
    from lab_controller.clock import SteadyClock
    from lab_controller.database import Database
    from lab_controller.people.tokens import TokenService

    database = Database(load_settings().store_url)
    try:
        database.migrate()
        with tell_errors():
            yield TokenService(database, SteadyClock())
    finally:
        database.close()


def _date(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).date().isoformat()


def _split(grant: str) -> tuple[str, str]:
    role, _, scope = grant.partition("@")
    return role, scope or "city"


def add(
    login: str,
    role: Roles = None,
    name: Annotated[str, typer.Option(help="As pages show it.")] = "",
    language: Annotated[str, typer.Option(help="kk, ru or en.")] = "ru",
    password: Annotated[str, typer.Option(help="Without it one is made and printed.")] = "",
) -> None:
    """Create an account, such as: lab user add marat --role judge@championship:cup-2026"""
    from lab_controller.people.roles import parse_role, parse_scope

    with _people() as people:
        grants = [(parse_role(role).value, parse_scope(scope)) for role, scope in map(_split, role or [])]
        made = password or secrets.token_urlsafe(9)
        people.create_account(actor=ACTOR, login=login, password=made, name=name, language=language)
        for each, scope in grants:
            people.grant(actor=ACTOR, login=login, role=each, scope=scope)
    typer.echo(f"{login}: created" + ("" if password else f", password {made}"))


def grant(login: str, role: Roles = None) -> None:
    """Grant roles to an account."""
    with _people() as people:
        for each, scope in map(_split, role or []):
            people.grant(actor=ACTOR, login=login, role=each, scope=scope)


def revoke(login: str, role: Roles = None) -> None:
    """Take roles away from an account."""
    with _people() as people:
        for each, scope in map(_split, role or []):
            people.revoke(actor=ACTOR, login=login, role=each, scope=scope)


def password(
    login: str,
    new: Annotated[str, typer.Option("--password", help="Without it one is made and printed.")] = "",
) -> None:
    """Set a new password; the account is signed out everywhere."""
    with _people() as people:
        made = new or secrets.token_urlsafe(9)
        people.set_password(actor=ACTOR, login=login, password=made)
    typer.echo(f"{login}: password set" + ("" if new else f", {made}"))


def close(login: str) -> None:
    """Let an account sign in no more."""
    with _people() as people:
        people.set_active(actor=ACTOR, login=login, active=False)


def token(
    login: str,
    name: Annotated[str, typer.Option(help="What it is for, as the list shows it.")] = "program",
    days: Annotated[int, typer.Option(min=0, help="How long it holds; 0 until it is revoked.")] = 0,
) -> None:
    """Make a token for a program that acts as this account; it is told this once."""
    with _tokens() as tokens:
        lasts_s = days * 86_400 or None
        made = tokens.create(actor=ACTOR, login=login, name=name, lasts_s=lasts_s)
    typer.echo(made)


def tokens(login: Annotated[str | None, typer.Argument(help="Only of this account.")] = None) -> None:
    """The tokens of programs: id, account, name, until when."""
    with _tokens() as service:
        for row in service.list_tokens(login):
            until = _date(row.expires_us) if row.expires_us is not None else "until revoked"
            used = _date(row.used_us) if row.used_us is not None else "never used"
            typer.echo(f"{row.id}\t{row.login}\t{row.name}\t{until}\t{used}")


def revoke_token(token: Annotated[str, typer.Argument(help="Its id, or the token itself.")]) -> None:
    """Let a token hold no more."""
    with _tokens() as tokens:
        tokens.revoke(actor=ACTOR, token=token)


def list_() -> None:
    """All accounts with what they may do."""
    with _people() as people:
        for person in people.list_accounts():
            grants = ", ".join(f"{grant.role}@{grant.scope}" for grant in person.grants)
            typer.echo(f"{person.login}\t{person.name}\t{grants or '-'}")


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Accounts and their roles.")
    for name, command in (
        ("add", add),
        ("grant", grant),
        ("revoke", revoke),
        ("password", password),
        ("close", close),
        ("list", list_),
        ("token", token),
        ("tokens", tokens),
        ("revoke-token", revoke_token),
    ):
        group.command(name)(command)
    app.add_typer(group, name="user")
