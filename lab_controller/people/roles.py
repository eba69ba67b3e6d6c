"""Roles, the scopes they are granted for, and what a signed-in person may do."""

import re
from dataclasses import dataclass
from enum import StrEnum

from lab_controller.errors import Forbidden, Invalid, NotSignedIn

CITY = "city"
_SCOPE = re.compile(r"city|(school|room|championship):[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Role(StrEnum):
    ADMIN = "admin"
    INSTRUCTOR = "instructor"
    JUDGE = "judge"
    STUDENT = "student"
    GUARDIAN = "guardian"
    DISPLAY = "display"
    DEVICE = "device"


def parse_scope(scope: str) -> str:
    """The scope itself, or Invalid: `city`, `school:<id>`, `room:<id>`, `championship:<slug>`."""
    if not _SCOPE.fullmatch(scope):
        raise Invalid("scope_unknown", scope=scope)
    return scope


def parse_role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as error:
        raise Invalid("role_unknown", role=role) from error


@dataclass(frozen=True, slots=True)
class Grant:
    role: Role
    scope: str

    def covers(self, role: Role, scope: str) -> bool:
        """An admin may do every role's work in the scope; the city holds every scope."""
        return self.role in (role, Role.ADMIN) and self.scope in (scope, CITY)


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person: who, and what is granted."""

    account: str
    login: str
    name: str
    language: str
    grants: tuple[Grant, ...]

    def may(self, role: Role, scope: str) -> bool:
        return any(grant.covers(role, scope) for grant in self.grants)


def require(identity: Identity | None, role: Role, scope: str) -> Identity:
    """Give the identity back if it may act in `role` for `scope`, else raise NotSignedIn or Forbidden."""
    if identity is None:
        raise NotSignedIn("sign_in_needed")
    if not identity.may(role, scope):
        raise Forbidden("role_needed", role=str(role), scope=scope)
    return identity
