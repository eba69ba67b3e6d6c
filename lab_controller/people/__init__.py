"""Accounts, roles by scope, and sign-in sessions. Whatever is not granted is denied."""

from lab_controller.people.roles import CITY, Grant, Identity, Role, require
from lab_controller.people.service import PeopleService

__all__ = ["CITY", "Grant", "Identity", "PeopleService", "Role", "require"]
