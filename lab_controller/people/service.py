"""Accounts, grants and sign-in."""

import hashlib
import secrets
import uuid

from sqlalchemy import bindparam, delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from lab_controller import audit
from lab_controller.clock import Clock
from lab_controller.database import Database
from lab_controller.errors import Conflict, Invalid, NotFound, NotSignedIn
from lab_controller.people.passwords import Passwords
from lab_controller.people.roles import Grant, Identity, Role, parse_role, parse_scope
from lab_controller.people.tables import Account, RoleGrant, SignInSession
from lab_controller.people.tries import US_PER_S, begin_try, forget_tries
from lab_controller.settings import Settings

LANGUAGES = ("kk", "ru", "en")
# Every request asks this: one row for each grant, a single row with none for who has no grant.
_HOLDER = (
    select(col(Account.id), col(Account.login), col(Account.name), col(Account.language))
    .add_columns(col(RoleGrant.role), col(RoleGrant.scope))
    .join_from(SignInSession, Account)
    .outerjoin(RoleGrant, col(RoleGrant.account_id) == col(Account.id))
    .where(
        col(SignInSession.token_hash) == bindparam("token_hash"),
        col(SignInSession.expires_us) > bindparam("now_us"),
        col(Account.active),
    )
    .order_by(col(RoleGrant.id))
)


class PeopleService:
    """Synchronous: a page calls it in a thread, because a password takes tens of milliseconds."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._passwords = Passwords(settings)

    def create_account(
        self, *, actor: str, login: str, password: str, name: str = "", language: str = "ru"
    ) -> str:
        """The new account's id; raises Conflict if the login is taken."""
        login = fold_login(login)
        if language not in LANGUAGES:
            raise Invalid("language_unknown", language=language)
        account = Account(
            id=uuid.uuid4().hex,
            login=login,
            name=name or login,
            language=language,
            password_hash=self._passwords.hash(password),
            active=True,
            created_us=self._clock.now_us(),
        )
        try:
            with self._database.write() as session:
                session.add(account)
                self._audit(session, actor, "account_created", account.id, login=login)
        except IntegrityError as error:
            raise Conflict("login_taken", login=login) from error
        return account.id

    def set_password(self, *, actor: str, login: str, password: str) -> None:
        """Also ends the account's sessions."""
        password_hash = self._passwords.hash(password)
        with self._database.write() as session:
            account = self._account(session, login)
            account.password_hash = password_hash
            session.exec(delete(SignInSession).where(col(SignInSession.account_id) == account.id))
            self._audit(session, actor, "password_set", account.id)

    def change_password(self, *, token: str, old: str, new: str, address: str) -> None:
        """One's own password, by who knows the old one; ends every other session of the account.

        Raises NotSignedIn, Invalid `password_wrong` for the old one, TooMany as `sign_in` does.
        """
        now_us = self._clock.now_us()
        identity = self.identity_of(token)
        if identity is None:
            raise NotSignedIn("sign_in_needed")
        with self._database.write() as session:
            begin_try(session, self._settings, identity.login, address, now_us)
            known_hash = session.get_one(Account, identity.account).password_hash
        if not self._passwords.matches(old, known_hash):
            raise Invalid("password_wrong")
        password_hash = self._passwords.hash(new)
        with self._database.write() as session:
            forget_tries(session, identity.login, address, now_us)
            session.get_one(Account, identity.account).password_hash = password_hash
            session.exec(
                delete(SignInSession).where(
                    col(SignInSession.account_id) == identity.account,
                    col(SignInSession.token_hash) != _token_hash(token),
                )
            )
            self._audit(session, identity.account, "password_changed", identity.account)

    def set_active(self, *, actor: str, login: str, active: bool) -> None:
        """An account that is not active cannot sign in, and its sessions end."""
        with self._database.write() as session:
            account = self._account(session, login)
            account.active = active
            if not active:
                session.exec(delete(SignInSession).where(col(SignInSession.account_id) == account.id))
            self._audit(session, actor, "account_activated" if active else "account_closed", account.id)

    def set_language(self, account: str, language: str) -> None:
        if language not in LANGUAGES:
            raise Invalid("language_unknown", language=language)
        with self._database.write() as session:
            if row := session.get(Account, account):
                row.language = language

    def grant(self, *, actor: str, login: str, role: str, scope: str) -> None:
        """Granting twice is granting once."""
        wanted = Grant(parse_role(role), parse_scope(scope))
        with self._database.write() as session:
            account = self._account(session, login)
            if wanted in _grants(session, account.id):
                return
            session.add(
                RoleGrant(
                    account_id=account.id,
                    role=wanted.role.value,
                    scope=wanted.scope,
                    granted_us=self._clock.now_us(),
                    granted_by=actor,
                )
            )
            self._audit(session, actor, "role_granted", account.id, role=role, scope=scope)

    def revoke(self, *, actor: str, login: str, role: str, scope: str) -> None:
        with self._database.write() as session:
            account = self._account(session, login)
            grant = session.exec(
                select(RoleGrant).where(
                    RoleGrant.account_id == account.id, RoleGrant.role == role, RoleGrant.scope == scope
                )
            ).first()
            if grant is None:
                raise NotFound("grant_unknown", login=account.login, role=role, scope=scope)
            session.delete(grant)
            self._audit(session, actor, "role_revoked", account.id, role=role, scope=scope)

    def sign_in(self, login: str, password: str, address: str) -> str:
        """A new session's token, told once; raises NotSignedIn or TooMany."""
        login = login.strip().casefold()
        now_us = self._clock.now_us()
        with self._database.write() as session:
            begin_try(session, self._settings, login, address, now_us)
            account = _account_by_login(session, login)
        known = account if account and account.active else None
        if not self._passwords.matches(password, known.password_hash if known else None) or known is None:
            raise NotSignedIn("sign_in_failed")
        token = secrets.token_urlsafe(32)
        with self._database.write() as session:
            forget_tries(session, login, address, now_us)
            session.exec(delete(SignInSession).where(col(SignInSession.expires_us) <= now_us))
            session.add(
                SignInSession(
                    token_hash=_token_hash(token),
                    account_id=known.id,
                    created_us=now_us,
                    expires_us=now_us + self._settings.session_days * 86_400 * US_PER_S,
                    address=address,
                )
            )
            self._audit(session, known.id, "signed_in", known.id, address=address)
        return token

    def sign_out(self, token: str) -> None:
        with self._database.write() as session:
            row = session.get(SignInSession, _token_hash(token))
            if row is not None:
                session.delete(row)
                self._audit(session, row.account_id, "signed_out", row.account_id)

    def identity_of(self, token: str) -> Identity | None:
        """Who holds this session's token; None if it is unknown, expired, or the account is closed."""
        with self._database.read() as session:
            given = {"token_hash": _token_hash(token), "now_us": self._clock.now_us()}
            rows = session.connection().execute(_HOLDER, given).all()
        if not rows:
            return None
        grants = tuple(Grant(Role(row.role), row.scope) for row in rows if row.role is not None)
        return Identity(rows[0].id, rows[0].login, rows[0].name, rows[0].language, grants)

    def list_accounts(self) -> list[Identity]:
        with self._database.read() as session:
            accounts = session.exec(select(Account).order_by(Account.login)).all()
            return [_identity(session, account) for account in accounts]

    def _account(self, session: Session, login: str) -> Account:
        account = _account_by_login(session, login.strip().casefold())
        if account is None:
            raise NotFound("login_unknown", login=login)
        return account

    def _audit(self, session: Session, actor: str, action: str, account: str, **payload: object) -> None:
        audit.append(
            session,
            at_us=self._clock.now_us(),
            actor=actor,
            action=action,
            subject=f"account:{account}",
            payload=payload,
        )


def fold_login(login: str) -> str:
    """The login as it is kept, or Invalid: 1 to 64 characters, none of them blank or a control."""
    folded = login.strip().casefold()
    if not 1 <= len(folded) <= 64 or any(not c.isprintable() or c.isspace() for c in folded):
        raise Invalid("login_invalid", login=login)
    return folded


def _account_by_login(session: Session, login: str) -> Account | None:
    return session.exec(select(Account).where(Account.login == login)).first()


def _grants(session: Session, account: str) -> tuple[Grant, ...]:
    rows = session.exec(select(RoleGrant).where(RoleGrant.account_id == account).order_by(col(RoleGrant.id)))
    return tuple(Grant(Role(row.role), row.scope) for row in rows)


def _identity(session: Session, account: Account) -> Identity:
    return Identity(account.id, account.login, account.name, account.language, _grants(session, account.id))


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
