import pytest

from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.errors import Invalid, NotFound
from lab_controller.people import PeopleService
from lab_controller.people.roles import Grant, Role
from lab_controller.people.tokens import TokenService
from lab_controller.settings import Settings


@pytest.fixture
def tokens(database: Database, clock: ManualClock, settings: Settings) -> TokenService:
    people = PeopleService(database, clock, settings)
    for login in ("robot", "marat"):
        people.create_account(actor="test", login=login, password="long-enough")
    people.grant(actor="test", login="robot", role="instructor", scope="room:204")
    return TokenService(database, clock)


def test_a_token_acts_as_its_account(tokens: TokenService, clock: ManualClock) -> None:
    token = tokens.create(actor="test", login="Robot", name=" report ")
    identity = tokens.identity_of(token)
    assert identity is not None
    assert (identity.login, identity.grants) == ("robot", (Grant(Role.INSTRUCTOR, "room:204"),))
    (row,) = tokens.list_tokens("robot")
    assert (row.name, row.created_us, row.expires_us, row.used_us) == (
        "report",
        clock.now_us(),
        None,
        clock.now_us(),
    )
    clock.advance(s=3599)
    tokens.identity_of(token)
    assert tokens.list_tokens("robot") == [row]
    clock.advance(s=1)
    tokens.identity_of(token)
    assert tokens.list_tokens("robot")[0].used_us == clock.now_us()


def test_nothing_but_the_whole_token_holds(tokens: TokenService, database: Database) -> None:
    token = tokens.create(actor="test", login="robot", name="report")
    (row,) = tokens.list_tokens()
    for wrong in ("", token[:-1], token + "x", token.upper(), row.id):
        assert tokens.identity_of(wrong) is None
    assert token not in str(row)


def test_a_token_runs_out(tokens: TokenService, clock: ManualClock) -> None:
    token = tokens.create(actor="test", login="robot", name="short", lasts_s=60)
    clock.advance(s=59)
    assert tokens.identity_of(token) is not None
    clock.advance(s=1)
    assert tokens.identity_of(token) is None
    tokens.create(actor="test", login="marat", name="next")
    assert [row.login for row in tokens.list_tokens()] == ["marat"]


def test_a_revoked_token_holds_no_more_and_the_others_do(tokens: TokenService) -> None:
    first, second = (tokens.create(actor="test", login="robot", name=name) for name in ("a", "b"))
    tokens.revoke(actor="test", token=first)
    assert (tokens.identity_of(first), tokens.identity_of(second) is not None) == (None, True)
    (row,) = tokens.list_tokens()
    tokens.revoke(actor="test", token=row.id)
    assert (tokens.identity_of(second), tokens.list_tokens()) == (None, [])
    with pytest.raises(NotFound):
        tokens.revoke(actor="test", token=row.id)


def test_a_token_belongs_to_somebody_and_has_a_name(tokens: TokenService) -> None:
    with pytest.raises(NotFound):
        tokens.create(actor="test", login="nobody", name="x")
    with pytest.raises(Invalid):
        tokens.create(actor="test", login="robot", name="  ")
