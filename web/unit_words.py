"""Units as a person of each language writes them."""

from web.languages import load_catalogue
from web.languages import mark as _

UNITS = {
    "mm": _("mm"),
    "cm": _("cm"),
    "m": _("m"),
    "s": _("s"),
    "ms": _("ms"),
    "V": _("V"),
    "mV": _("mV"),
    "A": _("A"),
    "mA": _("mA"),
    "W": _("W"),
    "Hz": _("Hz"),
    "lx": _("lx"),
    "Pa": _("Pa"),
    "hPa": _("hPa"),
    "°/s": _("°/s"),
    "m/s": _("m/s"),
}


def name_unit(unit: str, language: str) -> str:
    """A unit without a word of ours stands for itself, and a mere count (`#`) has none."""
    if unit == "#":
        return ""
    return load_catalogue(language).gettext(UNITS[unit]) if unit in UNITS else unit
