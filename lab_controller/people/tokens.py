"""Tokens that programs sign in with: told once, stored as a hash, revoked at any time."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, delete
from sqlmodel import Session, col, select

from lab_controller import audit
from lab_controller.clock import Clock
from lab_controller.database import Database
from lab_controller.errors import Invalid, NotFound
from lab_controller.people.roles import Grant, Identity, Role
from lab_controller.people.tables import Account, ApiToken, RoleGrant

PREFIX = "lab_"
US_PER_S = 1_000_000
SEEN_STEP_US = 3600 * US_PER_S
_HOLDER = (
    select(col(Account.id), col(Account.login), col(Account.name), col(Account.language))
    .add_columns(col(RoleGrant.role), col(RoleGrant.scope), col(ApiToken.used_us))
    .join_from(ApiToken, Account)
    .outerjoin(RoleGrant, col(RoleGrant.account_id) == col(Account.id))
    .where(
        col(ApiToken.token_hash) == bindparam("token_hash"),
        col(ApiToken.expires_us).is_(None) | (col(ApiToken.expires_us) > bindparam("now_us")),
        col(Account.active),
    )
    .order_by(col(RoleGrant.id))
)


@dataclass(frozen=True, slots=True)
class TokenView:
    """`used_us` is exact to an hour; None was never used."""

    id: str
    login: str
    name: str
    created_us: int
    expires_us: int | None
    used_us: int | None


class TokenService:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(self, *, actor: str, login: str, name: str, lasts_s: int | None = None) -> str:
        """A new token of the account; it is told this once. Raises NotFound, Invalid `token_name_needed`."""
        if not name.strip():
            raise Invalid("token_name_needed")
        token = PREFIX + secrets.token_urlsafe(32)
        now_us = self._clock.now_us()
        with self._database.write() as session:
            account = self._account(session, login)
            row = ApiToken(
                id=secrets.token_hex(4),
                token_hash=_hash(token),
                account_id=account.id,
                name=name.strip()[:100],
                created_us=now_us,
                created_by=actor,
                expires_us=None if lasts_s is None else now_us + lasts_s * US_PER_S,
            )
            session.exec(delete(ApiToken).where(col(ApiToken.expires_us) <= now_us))
            session.add(row)
            self._audit(session, actor, "token_created", account.id, token=row.id, name=row.name)
        return token

    def list_tokens(self, login: str | None = None) -> list[TokenView]:
        """Those of one account, or all, by login."""
        query = select(ApiToken, Account).join(Account, col(Account.id) == col(ApiToken.account_id))
        if login is not None:
            query = query.where(Account.login == login.strip().casefold())
        with self._database.read() as session:
            rows = session.exec(query.order_by(Account.login, col(ApiToken.created_us))).all()
        return [
            TokenView(row.id, account.login, row.name, row.created_us, row.expires_us, row.used_us)
            for row, account in rows
        ]

    def revoke(self, *, actor: str, token: str) -> None:
        """`token` is its id, or the token itself. Raises NotFound."""
        with self._database.write() as session:
            wanted = (col(ApiToken.id) == token) | (col(ApiToken.token_hash) == _hash(token))
            row = session.exec(select(ApiToken).where(wanted)).first()
            if row is None:
                raise NotFound("token_unknown")
            session.delete(row)
            self._audit(session, actor, "token_revoked", row.account_id, token=row.id, name=row.name)

    def identity_of(self, token: str) -> Identity | None:
        """Who holds it; None if it is unknown, expired or revoked, or the account is closed."""
        now_us = self._clock.now_us()
        given = {"token_hash": _hash(token), "now_us": now_us}
        with self._database.read() as session:
            rows = session.connection().execute(_HOLDER, given).all()
        if not rows:
            return None
        if rows[0].used_us is None or now_us - rows[0].used_us >= SEEN_STEP_US:
            self._note_use(given["token_hash"], now_us)
        grants = tuple(Grant(Role(row.role), row.scope) for row in rows if row.role is not None)
        return Identity(rows[0].id, rows[0].login, rows[0].name, rows[0].language, grants)

    def _note_use(self, token_hash: object, now_us: int) -> None:
        with self._database.write() as session:
            row = session.exec(select(ApiToken).where(ApiToken.token_hash == token_hash)).first()
            if row is not None:
                row.used_us = now_us

    def _account(self, session: Session, login: str) -> Account:
        folded = login.strip().casefold()
        account = session.exec(select(Account).where(Account.login == folded)).first()
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


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
