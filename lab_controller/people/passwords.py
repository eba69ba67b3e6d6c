"""Argon2 hashes, never more than two at once: each takes tens of megabytes."""

import base64
import secrets
import threading

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from lab_controller.errors import Invalid
from lab_controller.settings import Settings

MAX_LENGTH = 256


class Passwords:
    def __init__(self, settings: Settings) -> None:
        self._min_length = settings.password_min_length
        self._hasher = PasswordHash(
            (
                Argon2Hasher(
                    time_cost=settings.argon2_time_cost,
                    memory_cost=settings.argon2_memory_kib,
                    parallelism=settings.argon2_parallelism,
                ),
            )
        )
        self._at_once = threading.Semaphore(2)
        self._nobody = _hash_of_nothing(settings)

    def hash(self, password: str) -> str:
        """Raises Invalid for a password that is too short or too long."""
        if len(password) < self._min_length:
            raise Invalid("password_short", min_length=self._min_length)
        if len(password) > MAX_LENGTH:
            raise Invalid("password_long", max_length=MAX_LENGTH)
        with self._at_once:
            return self._hasher.hash(password)

    def matches(self, password: str, password_hash: str | None) -> bool:
        """Takes as long for an account that does not exist (None) as for one that does."""
        if len(password) > MAX_LENGTH:
            return False
        with self._at_once:
            matches = self._hasher.verify(password, password_hash or self._nobody)
        return matches and password_hash is not None


def _hash_of_nothing(settings: Settings) -> str:
    """A well-formed hash that no password has; to verify against it takes as long as against a real one."""
    cost = f"m={settings.argon2_memory_kib},t={settings.argon2_time_cost},p={settings.argon2_parallelism}"
    salt, digest = (base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, 32))
    return f"$argon2id$v=19${cost}${salt}${digest}"
