"""Numbers, times and moments as a person writes them: decimal comma in Kazakh and Russian."""

from datetime import UTC, datetime

SECOND_US = 1_000_000
MINUS = "\N{MINUS SIGN}"


def format_time_us(us: int | None, language: str, digits: int = 3) -> str:
    """`12,483`, from a minute on `1:02,483`, from an hour on `1:00:02,483`; nothing is an em dash."""
    if us is None:
        return "\N{EM DASH}"
    step = 10 ** (6 - digits)
    units = (abs(us) + step // 2) // step
    seconds, fraction = divmod(units, 10**digits)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = (
        f"{hours}:{minutes:02}:{seconds:02}"
        if hours
        else f"{minutes}:{seconds:02}"
        if minutes
        else f"{seconds}"
    )
    if digits:
        text += f"{decimal_mark(language)}{fraction:0{digits}}"
    return (MINUS if us < 0 and units else "") + text


def format_bound_us(us: int, language: str) -> str:
    """A bound with its sign and unit, rounded up: `±8 µs`, `±0,4 ms`, `±1,2 s`, the units translated."""
    units = {"kk": ("мкс", "мс", "с"), "ru": ("мкс", "мс", "с"), "en": ("µs", "ms", "s")}[language]
    if us < 100:
        return f"±{us}\N{NO-BREAK SPACE}{units[0]}"
    scale, unit = (1_000, units[1]) if us < SECOND_US else (SECOND_US, units[2])
    tenths = -(-us * 10 // scale)
    return f"±{format_number(tenths / 10, language)}\N{NO-BREAK SPACE}{unit}"


def format_number(value: float, language: str, digits: int | None = None) -> str:
    """A number with the language's decimal mark and thin thousands; whole numbers without a mark."""
    text = f"{value:,.{digits}f}" if digits is not None else f"{value:,.6f}".rstrip("0").rstrip(".")
    grouped = text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace(".", decimal_mark(language))
    return grouped.replace("-", MINUS)


def format_bytes(size: int, language: str) -> str:
    """`12 B`, `512 kB`, `10 MB`, decimal units."""
    units = {"kk": ("Б", "кБ", "МБ"), "ru": ("Б", "кБ", "МБ"), "en": ("B", "kB", "MB")}[language]
    power = 2 if size >= 1_000_000 else 1 if size >= 1_000 else 0
    scale, unit = 1_000**power, units[power]
    return f"{format_number(round(size / scale, 1), language)}\N{NO-BREAK SPACE}{unit}"


def format_moment_us(at_us: int, with_date: bool = True) -> str:
    """A moment of this place's clock, `21.11.2026 14:32:07`; `at_us` counts from 1970 in UTC."""
    moment = datetime.fromtimestamp(at_us / SECOND_US, UTC).astimezone()
    return f"{moment:%d.%m.%Y %H:%M:%S}" if with_date else f"{moment:%H:%M:%S}"


def iso_moment_us(at_us: int) -> str:
    """A moment for machines: ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(at_us / SECOND_US, UTC).isoformat(timespec="milliseconds")


def decimal_mark(language: str) -> str:
    """The mark between whole and fraction."""
    return "." if language == "en" else ","
