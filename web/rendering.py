"""One template environment per language, and `render`, the way from a page to its HTML."""

import json
import uuid
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from web.formats import (
    format_bound_us,
    format_bytes,
    format_moment_us,
    format_number,
    format_time_us,
    iso_moment_us,
)
from web.languages import LANGUAGES, load_catalogue, pick_name
from web.navigation import list_places
from web.sentences import explain_code

WEB = Path(__file__).parent
DIST = WEB / "assets" / "dist"


@cache
def load_environment(language: str) -> Environment:
    """The templates with gettext and the formats of `language`."""
    environment = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(load_catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "time_us": partial(format_time_us, language=language),
        "bound_us": partial(format_bound_us, language=language),
        "number": partial(format_number, language=language),
        "bytes": partial(format_bytes, language=language),
        "moment_us": format_moment_us,
        "iso_us": iso_moment_us,
        "name": partial(pick_name, language=language),
        "sentence": partial(explain_error, language=language),
    }
    environment.globals |= {"asset": asset, "language": language, "languages": LANGUAGES, "new_key": new_key}
    return environment


def render(request: Request, template: str, status_code: int = 200, **context: Any) -> HTMLResponse:
    """The page `template` in the reader's language; `account` is who signed in, or None.

    Sets on every template: request, account, places (the navigation), language, languages, asset().
    """
    html = (
        load_environment(request.state.language)
        .get_template(template)
        .render(
            request=request,
            account=getattr(request.state, "account", None),
            places=list_places(request),
            **context,
        )
    )
    return HTMLResponse(html, status_code=status_code)


def explain_error(error: dict[str, Any], language: str) -> str:
    """The sentence for a `{"code", "params"}`, as a template filter."""
    return explain_code(error["code"], error.get("params") or {}, language)


def new_key() -> str:
    """A form's own idempotency key: sending it twice is doing it once."""
    return uuid.uuid4().hex


@lru_cache(maxsize=1)
def load_manifest() -> dict[str, str]:
    """Which hashed file stands for which source file."""
    manifest: dict[str, str] = json.loads((DIST / "manifest.json").read_text())
    return manifest


def asset(name: str) -> str:
    """The address of `name`, such as `board.css`, under its content's hash."""
    return f"/assets/{load_manifest()[name]}"
