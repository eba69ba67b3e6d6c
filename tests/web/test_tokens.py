"""The sheet of colours: what is written can be read, in light and in dark (WCAG 2.2 AA)."""

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "web/assets/base/tokens.css").read_text()
GROUNDS = ("paper", "card", "sunk")
PAIRS = [
    *((ink, ground) for ink in ("ink", "soft", "sky", "gold", "good", "bad") for ground in GROUNDS),
    *((colour, f"{colour}-wash") for colour in ("sky", "gold", "good", "bad")),
    *(("ink", f"{colour}-wash") for colour in ("sky", "gold", "good", "bad")),
    ("sky-ink", "sky"),
    ("sky-ink", "sky-press"),
    ("gold-ink", "gold-fill"),
    ("bad-ink", "bad"),
    ("silver-ink", "silver"),
    ("bronze-ink", "bronze"),
]


def read_theme(theme: str) -> dict[str, str]:
    """Colours by name; dark takes from light what it does not change."""
    light, _, dark = TOKENS.partition("@media")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return colours | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark)) if theme == "dark" else colours


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_is_readable_on_its_ground(theme: str) -> None:
    colours = read_theme(theme)
    weak = {
        f"{ink} on {ground}": round(contrast(colours[ink], colours[ground]), 2)
        for ink, ground in PAIRS
        if contrast(colours[ink], colours[ground]) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_edge_of_a_field_can_be_seen(theme: str) -> None:
    colours = read_theme(theme)
    assert all(contrast(colours["edge"], colours[ground]) >= 3 for ground in ("card", "paper"))
