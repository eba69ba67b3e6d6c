"""What a kit's own readings are called, from their keys: `motor-a-angle` is the angle of motor A."""

from web.languages import load_catalogue
from web.languages import mark as _

WORDS = {
    "motor": _("motor"),
    "sensor": _("sensor"),
    "lane": _("lane"),
    "angle": _("angle"),
    "absolute": _("absolute angle"),
    "speed": _("speed"),
    "power": _("power"),
    "torque": _("torque"),
    "current": _("current"),
    "force": _("force"),
    "pressed": _("pressed"),
    "bumps": _("bumps"),
    "color": _("color"),
    "red": _("red"),
    "green": _("green"),
    "blue": _("blue"),
    "reflection": _("reflected light"),
    "ambient": _("ambient light"),
    "distance": _("distance"),
    "proximity": _("proximity"),
    "loudness": _("loudness"),
    "temperature": _("temperature"),
    "yaw": _("yaw"),
    "pitch": _("pitch"),
    "roll": _("roll"),
    "acceleration": _("acceleration"),
    "rotation": _("rotation"),
    "turn-rate": _("turn rate"),
    "heading": _("heading"),
    "battery": _("battery"),
}
SILENT = frozenset({"imu"})
LONGEST_PORT = 2


def name_reading(kind: str, key: str, name: str, language: str) -> str:
    """`name` as it is where a word is not ours, and always for a pupil's own sketch."""
    tokens = key.replace("turn-rate", "turn_rate").split("-")
    if kind.startswith("arduino") or len(tokens) < 2:
        return name
    gettext = load_catalogue(language).gettext
    parts: list[str] = []
    for token in tokens:
        word = token.replace("_", "-")
        if word in WORDS:
            parts.append(gettext(WORDS[word]))
        elif len(token) <= LONGEST_PORT:
            parts = [*parts[:-1], f"{parts[-1]} {token.upper()}"] if parts else [token.upper()]
        elif token not in SILENT:
            return name
    told = ", ".join(parts)
    return told[:1].upper() + told[1:]
