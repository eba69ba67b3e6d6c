"""What each error code means to a person, and what to do next, in the reader's language."""

from collections.abc import Mapping
from string import Formatter

from web.formats import format_number, format_time_us
from web.languages import load_catalogue
from web.wording import SENTENCES, UNKNOWN

WAYS = ("ble", "tcp")
"""What a port's name begins with if it is reached over Bluetooth or the network."""


def explain_code(code: str, params: Mapping[str, object], language: str) -> str:
    """One or two sentences for `code`; a code of an unknown plug-in still names itself."""
    message = load_catalogue(language).gettext(find_sentence(code, params))
    told = dict(params) | {"code": code}
    if _way(params):
        told["port"] = str(params["port"]).partition(":")[2]
    values = {name: format_value(name, value, language) for name, value in told.items()}
    return message.format_map(dict.fromkeys(list_placeholders(message), "?") | values)


def find_sentence(code: str, params: Mapping[str, object]) -> str:
    """`<code>:<param>` is the sentence of a code for when that parameter comes with it and says something.

    `<code>:<way>` is that for a port without a cable.
    """
    telling = (name for name, value in params.items() if value not in ("", None, 0))
    special = (f"{code}:{name}" for name in (_way(params), *telling))
    return next((SENTENCES[key] for key in special if key in SENTENCES), SENTENCES.get(code, UNKNOWN))


def _way(params: Mapping[str, object]) -> str:
    """How a port is reached that has no cable, "" for the others."""
    way, _, name = str(params.get("port", "")).partition(":")
    return way if way in WAYS and name else ""


def list_placeholders(message: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(message) if name}


def format_value(name: str, value: object, language: str) -> str:
    """A parameter as a person reads it: times with their mark, lists with commas."""
    if isinstance(value, bool) or value is None:
        return "?"
    if name == "expected":
        return load_catalogue(language).gettext(str(value))
    if isinstance(value, int) and name.endswith("_us"):
        return format_time_us(value, language)
    if isinstance(value, int | float):
        return format_number(value, language)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(part) for part in value)
    return str(value)
