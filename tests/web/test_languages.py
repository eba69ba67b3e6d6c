import pytest

from web.addresses import own_path
from web.languages import parse_accept_language, pick_name


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de,en;q=0.7,kk;q=0.9", "kk"),
        ("EN-us", "en"),
        ("", "kk"),
        ("de-DE,fr", "kk"),
        ("ru;q=x,en;q=0.1", "en"),
        ("ru;q=nan,en;q=7", "kk"),
    ],
)
def test_the_browsers_best_language_is_chosen(header: str, language: str) -> None:
    assert parse_accept_language(header) == language


def test_a_name_falls_back_to_a_language_that_has_it() -> None:
    assert pick_name({"kk": "", "ru": "Линия", "en": "Line"}, "kk") == "Линия"
    assert pick_name({}, "ru") == ""


@pytest.mark.parametrize(
    ("address", "followed"),
    [
        ("/championships?page=2", "/championships?page=2"),
        ("//evil.example/", ""),
        ("https://evil.example/", ""),
        ("/\\evil.example", ""),
        ("\\\\evil.example", ""),
        ("/a\r\nSet-Cookie: x", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_nobody_is_led_to_another_site(address: str, followed: str) -> None:
    assert own_path(address) == followed
