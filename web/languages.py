"""Which language a person reads, and the catalogue that speaks it."""

from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from starlette.requests import HTTPConnection

LANGUAGES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
DEFAULT = "kk"
COOKIE = "language"
LOCALES = Path(__file__).parent / "locales"


@cache
def load_catalogue(language: str) -> GNUTranslations:
    """The compiled sentences of `language`, one of LANGUAGES."""
    with (LOCALES / language / "LC_MESSAGES" / "messages.mo").open("rb") as compiled:
        return GNUTranslations(compiled)


def choose_language(connection: HTTPConnection) -> str:
    """What the address asks for (`?lang=`), else what was chosen before, else what the browser prefers."""
    for wish in (connection.query_params.get("lang"), connection.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return str(wish)
    return parse_accept_language(connection.headers.get("accept-language", ""))


def parse_accept_language(header: str) -> str:
    """The best of LANGUAGES for an Accept-Language header; a header that is nonsense counts as absent."""
    best, best_weight = DEFAULT, 0.0
    for part in header[:500].split(","):
        tag, _, quality = part.strip().partition(";q=")
        language = tag.split("-")[0].lower()
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if language in LANGUAGES and best_weight < weight <= 1:
            best, best_weight = language, weight
    return best


def format_cookie(language: str) -> str:
    """The Set-Cookie header that remembers a choice for a year."""
    return f"{COOKIE}={language}; Max-Age=31536000; Path=/; SameSite=lax"


def pick_name(names: dict[str, str], language: str) -> str:
    """The name in `language`, or in the first language that has one."""
    return names.get(language) or next((names[key] for key in LANGUAGES if names.get(key)), "")


def mark(message: str) -> str:
    """The message itself, marked for the catalogues; it is translated where it is shown."""
    return message
