"""The limit on sign-in tries, kept in the database so that a restart does not reset it."""

import hashlib

from sqlalchemy import delete, func, text
from sqlmodel import Session, col, select

from lab_controller.errors import TooMany
from lab_controller.people.tables import SignInTry
from lab_controller.settings import Settings

US_PER_S = 1_000_000


def login_key(login: str) -> str:
    return "login:" + hashlib.sha256(login.encode()).hexdigest()


def address_key(address: str) -> str:
    return "address:" + address


def begin_try(session: Session, settings: Settings, login: str, address: str, now_us: int) -> None:
    """Count a try before the password is looked at, or raise TooMany without counting it."""
    window_us = settings.sign_in_window_s * US_PER_S
    session.exec(delete(SignInTry).where(col(SignInTry.at_us) <= now_us - window_us))
    limits = (
        (login_key(login), settings.sign_in_tries_per_login),
        (address_key(address), settings.sign_in_tries_per_address),
    )
    for order, (key, limit) in enumerate(limits):
        if session.get_bind().dialect.name == "postgresql":
            # Two tries at once would each count without the other.
            session.connection().execute(
                text("SELECT pg_advisory_xact_lock(:order, hashtext(:key))"), {"order": order, "key": key}
            )
        tries, first_us = session.exec(
            select(func.count(), func.min(SignInTry.at_us)).where(SignInTry.key == key)
        ).one()
        if tries >= limit:
            wait_us = first_us + window_us - now_us
            raise TooMany("sign_in_limited", retry_after_s=-(-wait_us // US_PER_S))
    session.add_all(SignInTry(key=key, at_us=now_us) for key, _ in limits)


def forget_tries(session: Session, login: str, address: str, at_us: int) -> None:
    """After a success: the login's tries, and this one of the address."""
    session.exec(delete(SignInTry).where(col(SignInTry.key) == login_key(login)))
    own = session.exec(
        select(SignInTry).where(SignInTry.key == address_key(address), SignInTry.at_us == at_us).limit(1)
    ).first()
    if own is not None:
        session.delete(own)
