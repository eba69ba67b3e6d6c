"""Errors of the lab as data: a stable code and named parameters; web/ makes the sentence."""

from typing import ClassVar


class LabError(Exception):
    """Something a caller may be told: `code`, JSON-able `params`, and the HTTP `status` that fits it."""

    status: ClassVar[int] = 400

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params: dict[str, object] = params

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code}({details})"


class Invalid(LabError):
    """The request was understood and is wrong."""

    status = 422


class NotSignedIn(LabError):
    """Nobody is signed in, or the sign-in failed."""

    status = 401


class Forbidden(LabError):
    """Somebody is signed in and may not do this."""

    status = 403


class NotFound(LabError):
    status = 404


class Conflict(LabError):
    """The request does not fit what is true by now."""

    status = 409


class TooMany(LabError):
    """Too many tries; `retry_after_s` is in the parameters."""

    status = 429


class Unavailable(LabError):
    """A part that is needed is away: broker, device, database."""

    status = 503
