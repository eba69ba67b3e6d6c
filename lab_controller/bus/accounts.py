"""Accounts on the broker: made here, read by the embedded broker and written out for Mosquitto."""

import base64
import hashlib
import os
import secrets
import threading

from sqlalchemy.engine import make_url
from sqlmodel import col, select

from lab_controller import audit
from lab_controller.bus.access import Kind, Member
from lab_controller.bus.tables import BrokerAccount
from lab_controller.bus.topics import is_id
from lab_controller.clock import Clock
from lab_controller.database import Database
from lab_controller.errors import Conflict, Invalid, NotFound
from lab_controller.people.passwords import Passwords
from lab_controller.settings import Settings

# What mosquitto_passwd 2.0 writes for itself.
_PBKDF2_ITERATIONS = 101
_PBKDF2_SALT_BYTES = 12


class BrokerAccounts:
    """Accounts from the database, and those of this process's own hub and agent, kept in memory only."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._passwords = Passwords(settings)
        self._own: dict[str, tuple[Kind, str]] = {}
        self._salt = os.urandom(16)
        self._proven: dict[str, tuple[bytes, str]] = {}
        self._lock = threading.Lock()

    def add_own(self, username: str, kind: Kind) -> str:
        """An account that lives as long as this process; gives its password."""
        password = secrets.token_urlsafe(24)
        self._own[username] = (kind, password)
        return password

    def add(self, *, actor: str, username: str, kind: Kind, password: str | None = None) -> str:
        """Store an account; gives its password, which is told this once."""
        if not is_id(username):
            raise Invalid("broker_username_invalid", username=username)
        password = password or secrets.token_urlsafe(18)
        row = BrokerAccount(
            username=username,
            kind=kind.value,
            password_hash=self._passwords.hash(password),
            mosquitto_hash=mosquitto_hash(password),
            created_us=self._clock.now_us(),
        )
        with self._database.write() as session:
            if session.get(BrokerAccount, username):
                raise Conflict("broker_username_taken", username=username)
            session.add(row)
            audit.append(
                session,
                at_us=row.created_us,
                actor=actor,
                action="broker_account_added",
                subject=f"broker:{username}",
                payload={"kind": kind.value},
            )
        return password

    def remove(self, *, actor: str, username: str) -> None:
        with self._database.write() as session:
            row = session.get(BrokerAccount, username)
            if row is None:
                raise NotFound("broker_username_unknown", username=username)
            session.delete(row)
            audit.append(
                session,
                at_us=self._clock.now_us(),
                actor=actor,
                action="broker_account_removed",
                subject=f"broker:{username}",
                payload={},
            )

    @property
    def database_name(self) -> str:
        """Where the accounts are, to be told; without a password."""
        return make_url(self._database.url).render_as_string(hide_password=True)

    def list(self) -> list[tuple[Member, str]]:
        """Stored accounts with their line for Mosquitto's password file."""
        with self._database.read() as session:
            rows = session.exec(select(BrokerAccount).order_by(col(BrokerAccount.username))).all()
        return [(Member(r.username, Kind(r.kind)), f"{r.username}:{r.mosquitto_hash}") for r in rows]

    def authenticate(self, username: str, password: str) -> Member | None:
        """Slow (Argon2) the first time, quick when the same account comes back: call it in a thread."""
        if username in self._own:
            kind, own = self._own[username]
            return Member(username, kind) if secrets.compare_digest(own.encode(), password.encode()) else None
        with self._database.read() as session:
            row = session.get(BrokerAccount, username)
        proof = hashlib.sha256(self._salt + password.encode()).digest()
        if row is not None and self._proven.get(username) == (proof, row.password_hash):
            return Member(username, Kind(row.kind))
        if not self._passwords.matches(password, row.password_hash if row else None) or row is None:
            return None
        with self._lock:
            self._proven[username] = (proof, row.password_hash)
        return Member(username, Kind(row.kind))


def mosquitto_hash(password: str) -> str:
    """Mosquitto 2's own form: `$7$iterations$salt$hash`, PBKDF2 with SHA-512."""
    salt = os.urandom(_PBKDF2_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _PBKDF2_ITERATIONS)
    return f"$7${_PBKDF2_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
