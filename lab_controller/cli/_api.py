"""The lab's JSON interface for commands: where it is (LAB_URL), and with which token (LAB_TOKEN)."""

import json
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import typer

if TYPE_CHECKING:
    from lab_controller.people.tokens import TokenService
    from lab_controller.settings import Settings

TIMEOUT_S = 30
OWN_ACCOUNT = "console"
OWN_TOKEN_S = 12 * 3600


class Refused(Exception):
    """A problem document of the lab, or no answer at all."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Api:
    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._token = token

    def get(self, path: str, **query: object) -> Any:
        """Raises Refused."""
        told = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", f"{path}?{urlencode(told)}" if told else path)

    def pages(self, path: str, **query: object) -> Iterator[Any]:
        """The items of every page of a list."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(path, cursor=cursor or None, **query)
            yield from page["items"]
            cursor = page["next"]

    def post(self, path: str, told: Mapping[str, object]) -> Any:
        return self._ask("POST", path, json.dumps(told).encode(), "application/json")

    def upload(self, path: str, name: str, data: bytes, fields: Mapping[str, str]) -> Any:
        """A file in a form, under a key of its own."""
        edge = secrets.token_hex(16)
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
            for field, value in fields.items()
        ]
        shown = name.replace("\\", "_").replace('"', "%22").replace("\r", "").replace("\n", "")
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{shown}"\r\n'
        parts += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", data, b"\r\n"]
        body = b"".join([*parts, f"--{edge}--\r\n".encode()])
        return self._ask("POST", path, body, f"multipart/form-data; boundary={edge}")

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if language := os.environ.get("LANG", "").split("_")[0]:
            headers["Accept-Language"] = language if language in ("kk", "ru") else "en"
        if method == "POST":
            headers |= {"Content-Type": kind, "Idempotency-Key": secrets.token_hex(16)}
        request = urllib.request.Request(  # noqa: S310  the scheme is looked at in `find_url`
            f"{self.url}/api/v1{path}", data=body, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise refusal(error) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise Refused("lab_away", f"{self.url} does not answer: {reason}") from None


def refusal(error: urllib.error.HTTPError) -> Refused:
    """What the lab says against it."""
    try:
        told = json.load(error)
        return Refused(str(told["code"]), str(told["detail"]))
    except (ValueError, KeyError, TypeError):
        return Refused("request_refused", f"{error.code} {error.reason}")


@contextmanager
def open_api() -> Iterator[Api]:
    """The lab that LAB_URL names, or the one of this machine. What is refused ends with status 1."""
    from lab_controller.cli._settings import load_settings

    settings = load_settings()
    try:
        with _token(settings) as token:
            yield Api(find_url(settings), token)
    except Refused as refused:
        typer.echo(f"lab: {refused} [{refused.code}]", err=True)
        raise typer.Exit(1) from None


def find_url(settings: "Settings") -> str:
    url = os.environ.get("LAB_URL") or f"http://127.0.0.1:{settings.port}"
    if urlsplit(url).scheme not in ("http", "https"):
        raise Refused("url_invalid", f"LAB_URL is {url}; it must be like http://lab.school:8000")
    return url


@contextmanager
def _token(settings: "Settings") -> Iterator[str]:
    """LAB_TOKEN; on the hub's own machine one for this command, from the data folder."""
    if token := os.environ.get("LAB_TOKEN"):
        yield token
        return
    if os.environ.get("LAB_URL"):
        raise Refused("token_needed", "LAB_TOKEN is not set; `lab user token LOGIN` makes one on the hub")
    from lab_controller.clock import SteadyClock
    from lab_controller.database import Database
    from lab_controller.people import PeopleService
    from lab_controller.people.tokens import TokenService

    database = Database(settings.store_url)
    try:
        if not database.is_current():
            raise Refused("lab_away", "there is no lab on this machine: set LAB_URL and LAB_TOKEN")
        clock = SteadyClock()
        tokens = TokenService(database, clock)
        token = _make_own(tokens, PeopleService(database, clock, settings))
        try:
            yield token
        finally:
            tokens.revoke(actor=OWN_ACCOUNT, token=token)
    finally:
        database.close()


def _make_own(tokens: "TokenService", people: Any) -> str:
    """Whoever can read the data folder can do everything anyway."""
    from lab_controller.errors import NotFound

    def make() -> str:
        return tokens.create(actor=OWN_ACCOUNT, login=OWN_ACCOUNT, name="command line", lasts_s=OWN_TOKEN_S)

    try:
        return make()
    except NotFound:
        people.create_account(actor=OWN_ACCOUNT, login=OWN_ACCOUNT, password=secrets.token_urlsafe(32))
        people.grant(actor=OWN_ACCOUNT, login=OWN_ACCOUNT, role="admin", scope="city")
        return make()


def quoted(part: str) -> str:
    """A part of an address."""
    return quote(part, safe="")
