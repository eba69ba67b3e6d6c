import pytest

from web.formats import format_bound_us, format_bytes, format_number, format_time_us


@pytest.mark.parametrize(
    ("us", "language", "text"),
    [
        (12_483_000, "ru", "12,483"),
        (12_483_000, "kk", "12,483"),
        (12_483_000, "en", "12.483"),
        (12_482_500, "en", "12.483"),
        (0, "ru", "0,000"),
        (59_999_600, "ru", "1:00,000"),
        (62_483_000, "ru", "1:02,483"),
        (3_602_483_000, "en", "1:00:02.483"),
        (-318_000, "ru", "−0,318"),
        (-400, "ru", "0,000"),
        (None, "ru", "—"),
    ],
)
def test_a_time_is_written_with_the_mark_of_its_language(us: int | None, language: str, text: str) -> None:
    assert format_time_us(us, language) == text


@pytest.mark.parametrize(
    ("us", "language", "text"),
    [
        (8, "en", "±8\N{NO-BREAK SPACE}µs"),
        (400, "ru", "±0,4\N{NO-BREAK SPACE}мс"),
        (401, "ru", "±0,5\N{NO-BREAK SPACE}мс"),
        (1_250_000, "kk", "±1,3\N{NO-BREAK SPACE}с"),
    ],
)
def test_a_bound_is_never_rounded_down(us: int, language: str, text: str) -> None:
    assert format_bound_us(us, language) == text


def test_numbers_have_thin_thousands_and_a_true_minus() -> None:
    assert format_number(-12_345.5, "ru") == "−12\N{NARROW NO-BREAK SPACE}345,5"
    assert format_number(315, "en") == "315"
    assert format_bytes(5_242_880, "ru") == "5,2\N{NO-BREAK SPACE}МБ"
