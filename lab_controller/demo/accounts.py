"""Who may sign in to the demo."""

from dataclasses import dataclass

from lab_controller.errors import Conflict
from lab_controller.people import PeopleService

ACTOR = "demo"
ROOM = "204"
STUDENT = "student"


@dataclass(frozen=True)
class DemoAccount:
    login: str
    password: str
    name: str
    role: str
    language: str
    scope: str = "city"


ACCOUNTS = (
    DemoAccount("admin", "steppe-eagle", "Әкімші", "admin", "kk"),
    DemoAccount("judge", "golden-gate", "Төреші", "judge", "ru"),
    DemoAccount("teacher", "open-lesson", "Айгүл Серікқызы", "instructor", "ru", f"room:{ROOM}"),
    DemoAccount(STUDENT, "first-robot", "Ерасыл", "student", "kk", f"room:{ROOM}"),
    DemoAccount("hall", "big-screen", "Зал экраны", "display", "kk"),
)


def add_accounts(people: PeopleService) -> None:
    """Create the demo's accounts, unless they are there from an earlier start."""
    for account in ACCOUNTS:
        try:
            people.create_account(
                actor=ACTOR,
                login=account.login,
                password=account.password,
                name=account.name,
                language=account.language,
            )
        except Conflict:
            continue
        people.grant(actor=ACTOR, login=account.login, role=account.role, scope=account.scope)
