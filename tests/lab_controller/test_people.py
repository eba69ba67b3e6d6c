import threading

import pytest
from sqlmodel import select

from lab_controller import audit
from lab_controller.audit.tables import AuditRecord
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.errors import Conflict, Forbidden, Invalid, LabError, NotFound, NotSignedIn, TooMany
from lab_controller.people import CITY, Grant, Identity, PeopleService, Role, require
from lab_controller.people.tables import SignInSession, SignInTry
from lab_controller.settings import Settings

PASSWORD = "line follower 7"
ADDRESS = "192.0.2.7"


@pytest.fixture
def people(database: Database, clock: ManualClock, settings: Settings) -> PeopleService:
    people = PeopleService(database, clock, settings)
    people.create_account(actor="system", login="Aigerim", password=PASSWORD, name="Айгерім", language="kk")
    return people


def count_tries(database: Database) -> int:
    with database.read() as session:
        return len(session.exec(select(SignInTry)).all())


def test_a_right_password_gives_a_session_that_knows_who_it_is(people: PeopleService) -> None:
    people.grant(actor="system", login="aigerim", role="judge", scope="championship:cup-2026")
    token = people.sign_in("AIGERIM ", PASSWORD, ADDRESS)
    identity = people.identity_of(token)
    assert identity is not None
    assert (identity.login, identity.name, identity.language) == ("aigerim", "Айгерім", "kk")
    assert identity.grants == (Grant(Role.JUDGE, "championship:cup-2026"),)


@pytest.mark.parametrize(
    ("login", "password"), [("aigerim", "wrong"), ("nobody", PASSWORD), ("", ""), ("aigerim", "x" * 100_000)]
)
def test_a_wrong_sign_in_says_only_that_it_failed(people: PeopleService, login: str, password: str) -> None:
    with pytest.raises(NotSignedIn) as raised:
        people.sign_in(login, password, ADDRESS)
    assert (raised.value.code, raised.value.params) == ("sign_in_failed", {})


def test_neither_token_nor_password_nor_what_was_typed_is_stored(
    people: PeopleService, database: Database
) -> None:
    token = people.sign_in("aigerim", PASSWORD, ADDRESS)
    with pytest.raises(NotSignedIn):
        people.sign_in("oops my password", "x", ADDRESS)
    with database.read() as session:
        rows = [
            *session.exec(select(SignInSession)).all(),
            *session.exec(select(SignInTry)).all(),
            *session.exec(select(AuditRecord)).all(),
        ]
        stored = " ".join(row.model_dump_json() for row in rows)
    assert token not in stored
    assert PASSWORD not in stored
    assert "oops my password" not in stored


def test_a_session_ends_by_sign_out_by_age_by_a_new_password_and_with_the_account(
    people: PeopleService, clock: ManualClock, settings: Settings
) -> None:
    token = people.sign_in("aigerim", PASSWORD, ADDRESS)
    people.sign_out(token)
    assert people.identity_of(token) is None

    token = people.sign_in("aigerim", PASSWORD, ADDRESS)
    people.set_password(actor="system", login="aigerim", password="another line 8")
    assert people.identity_of(token) is None

    token = people.sign_in("aigerim", "another line 8", ADDRESS)
    clock.advance(s=settings.session_days * 86_400)
    assert people.identity_of(token) is None

    token = people.sign_in("aigerim", "another line 8", ADDRESS)
    people.set_active(actor="system", login="aigerim", active=False)
    assert people.identity_of(token) is None
    with pytest.raises(NotSignedIn):
        people.sign_in("aigerim", "another line 8", ADDRESS)


@pytest.mark.slow
def test_ten_thousand_tries_at_one_login_stop_at_the_limit(
    people: PeopleService, database: Database, clock: ManualClock, settings: Settings
) -> None:
    codes = []
    for number in range(10_000 if database.is_sqlite else 200):
        try:
            people.sign_in("aigerim", f"guess {number}", f"198.51.100.{number % 250}")
        except LabError as error:
            codes.append(error.code)
    limit = settings.sign_in_tries_per_login
    assert codes == ["sign_in_failed"] * limit + ["sign_in_limited"] * (len(codes) - limit)
    assert count_tries(database) == 2 * limit
    with pytest.raises(TooMany) as raised:
        people.sign_in("aigerim", PASSWORD, ADDRESS)
    assert raised.value.params == {"retry_after_s": settings.sign_in_window_s}
    clock.advance(s=settings.sign_in_window_s)
    assert people.sign_in("aigerim", PASSWORD, ADDRESS)


def test_one_address_that_tries_every_login_is_stopped_and_others_are_not(
    people: PeopleService, settings: Settings
) -> None:
    for number in range(settings.sign_in_tries_per_address):
        with pytest.raises(NotSignedIn):
            people.sign_in(f"pupil-{number}", "1234", ADDRESS)
    with pytest.raises(TooMany):
        people.sign_in("aigerim", PASSWORD, ADDRESS)
    assert people.sign_in("aigerim", PASSWORD, "192.0.2.8")


def test_the_limit_outlives_a_restart(
    people: PeopleService, database: Database, clock: ManualClock, settings: Settings
) -> None:
    for _ in range(settings.sign_in_tries_per_login):
        with pytest.raises(NotSignedIn):
            people.sign_in("aigerim", "wrong", ADDRESS)
    with pytest.raises(TooMany):
        PeopleService(database, clock, settings).sign_in("aigerim", PASSWORD, ADDRESS)


def test_a_success_forgets_the_slips_before_it(people: PeopleService, settings: Settings) -> None:
    for _ in range(3):
        for _ in range(settings.sign_in_tries_per_login - 1):
            with pytest.raises(NotSignedIn):
                people.sign_in("aigerim", "slip", ADDRESS)
        people.sign_in("aigerim", PASSWORD, ADDRESS)


def test_tries_at_once_cannot_slip_past_the_limit(people: PeopleService, settings: Settings) -> None:
    codes: list[str] = []

    def guess() -> None:
        for _ in range(10):
            with pytest.raises(LabError) as raised:
                people.sign_in("aigerim", "wrong", ADDRESS)
            codes.append(raised.value.code)

    threads = [threading.Thread(target=guess) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count("sign_in_failed") <= settings.sign_in_tries_per_login
    assert len(codes) == 40


def test_a_login_is_one_person_whatever_its_case(people: PeopleService) -> None:
    with pytest.raises(Conflict) as raised:
        people.create_account(actor="system", login="AIGERIM", password=PASSWORD)
    assert raised.value.code == "login_taken"


@pytest.mark.parametrize("login", ["", "  ", "a b", "a\nb", "x" * 65, "a\x00"])
def test_an_odd_login_is_refused(people: PeopleService, login: str) -> None:
    with pytest.raises(Invalid) as raised:
        people.create_account(actor="system", login=login, password=PASSWORD)
    assert raised.value.code == "login_invalid"


def test_a_short_password_is_refused_with_the_length_it_needs(
    people: PeopleService, settings: Settings
) -> None:
    with pytest.raises(Invalid) as raised:
        people.create_account(actor="system", login="marat", password="1234")
    assert (raised.value.code, raised.value.params) == (
        "password_short",
        {"min_length": settings.password_min_length},
    )


@pytest.mark.parametrize(
    ("role", "scope", "code"),
    [
        ("king", "city", "role_unknown"),
        ("judge", "moon", "scope_unknown"),
        ("judge", "room:", "scope_unknown"),
    ],
)
def test_an_unknown_role_or_scope_cannot_be_granted(
    people: PeopleService, role: str, scope: str, code: str
) -> None:
    with pytest.raises(Invalid) as raised:
        people.grant(actor="system", login="aigerim", role=role, scope=scope)
    assert raised.value.code == code


def test_a_revoked_role_is_gone_at_once(people: PeopleService) -> None:
    token = people.sign_in("aigerim", PASSWORD, ADDRESS)
    people.grant(actor="system", login="aigerim", role="admin", scope=CITY)
    people.grant(actor="system", login="aigerim", role="admin", scope=CITY)
    identity = people.identity_of(token)
    assert identity is not None
    assert identity.grants == (Grant(Role.ADMIN, CITY),)
    people.revoke(actor="system", login="aigerim", role="admin", scope=CITY)
    identity = people.identity_of(token)
    assert identity is not None
    assert identity.grants == ()
    with pytest.raises(NotFound):
        people.revoke(actor="system", login="aigerim", role="admin", scope=CITY)


def someone(*grants: Grant) -> Identity:
    return Identity("1", "someone", "Someone", "en", grants)


@pytest.mark.parametrize(
    ("grant", "role", "scope", "allowed"),
    [
        (Grant(Role.JUDGE, "championship:cup"), Role.JUDGE, "championship:cup", True),
        (Grant(Role.JUDGE, "championship:cup"), Role.JUDGE, "championship:other", False),
        (Grant(Role.JUDGE, "championship:cup"), Role.ADMIN, "championship:cup", False),
        (Grant(Role.JUDGE, CITY), Role.JUDGE, "championship:cup", True),
        (Grant(Role.ADMIN, CITY), Role.JUDGE, "championship:cup", True),
        (Grant(Role.ADMIN, "championship:cup"), Role.JUDGE, "championship:cup", True),
        (Grant(Role.ADMIN, "championship:cup"), Role.ADMIN, CITY, False),
        (Grant(Role.INSTRUCTOR, CITY), Role.JUDGE, "championship:cup", False),
        (Grant(Role.DISPLAY, CITY), Role.STUDENT, CITY, False),
    ],
)
def test_a_role_reaches_as_far_as_its_scope(grant: Grant, role: Role, scope: str, allowed: bool) -> None:
    assert someone(grant).may(role, scope) is allowed


def test_nothing_is_allowed_without_a_grant() -> None:
    for role in Role:
        with pytest.raises(Forbidden) as raised:
            require(someone(), role, CITY)
        assert raised.value.params == {"role": str(role), "scope": CITY}
        with pytest.raises(NotSignedIn):
            require(None, role, CITY)


def test_everything_done_to_accounts_is_in_the_audit_log(people: PeopleService, database: Database) -> None:
    people.grant(actor="boss", login="aigerim", role="judge", scope=CITY)
    people.sign_out(people.sign_in("aigerim", PASSWORD, ADDRESS))
    with database.read() as session:
        actions = session.exec(select(AuditRecord.action).order_by(AuditRecord.seq)).all()
        assert audit.verify(session).ok
    assert actions == ["account_created", "role_granted", "signed_in", "signed_out"]


def test_a_password_is_changed_by_who_knows_the_old_one_and_other_sessions_end(
    people: PeopleService, database: Database
) -> None:
    mine, other = (people.sign_in("aigerim", PASSWORD, ADDRESS) for _ in range(2))
    with pytest.raises(Invalid) as raised:
        people.change_password(token=mine, old="guess", new="steppe eagle 9", address=ADDRESS)
    assert raised.value.code == "password_wrong"
    people.change_password(token=mine, old=PASSWORD, new="steppe eagle 9", address=ADDRESS)
    assert people.identity_of(mine) is not None
    assert people.identity_of(other) is None
    assert people.sign_in("aigerim", "steppe eagle 9", ADDRESS)
    with pytest.raises(NotSignedIn):
        people.change_password(token=other, old="steppe eagle 9", new=PASSWORD, address=ADDRESS)
