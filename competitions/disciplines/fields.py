"""Typed reading of a TOML table: every field is asked for, what is left over is an error."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from competitions.errors import DisciplineError

LANGUAGES = ("kk", "ru", "en")
LARGEST = 10**12


class Fields:
    """One table of the file and its path, for errors that say where.

    Each reader raises DisciplineError: missing, wrong_type, out_of_range, unknown_choice; `path` says where.
    """

    def __init__(self, table: Mapping[str, Any], path: str = "") -> None:
        self._table = dict(table)
        self.path = path

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        return name in self._table

    def raw(self, name: str, *, required: bool = False) -> Any:
        if name not in self._table and required:
            raise DisciplineError("missing", path=self.at(name))
        return self._table.pop(name, None)

    def _typed(self, name: str, kinds: type | tuple[type, ...], told: str, required: bool) -> Any:
        value = self.raw(name, required=required)
        if value is not None and (
            not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool)
        ):
            raise DisciplineError("wrong_type", path=self.at(name), expected=told)
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self._typed(name, str, "text", default is None)
        return default or "" if value is None else str(value)

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> Any:
        value = self.text(name, default)
        if value not in choices:
            raise DisciplineError(
                "unknown_choice", path=self.at(name), value=value[:40], choices=list(choices)
            )
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._typed(name, bool, "true or false", False)
        return default if value is None else bool(value)

    def integer(self, name: str, default: int | None = None, *, least: int = 0, most: int = 10_000) -> int:
        value = self.optional_integer(name, least=least, most=most)
        if value is None and default is None:
            raise DisciplineError("missing", path=self.at(name))
        return default if value is None else value  # type: ignore[return-value]

    def optional_integer(self, name: str, *, least: int = 0, most: int = 10_000) -> int | None:
        value = self._typed(name, int, "a whole number", False)
        if value is not None and not least <= value <= most:
            raise DisciplineError("out_of_range", path=self.at(name), least=least, most=most)
        return None if value is None else int(value)

    def number(self, name: str) -> int | float | None:
        value = self._typed(name, (int, Decimal), "a number", False)
        if isinstance(value, Decimal):
            if not value.is_finite() or abs(value) > LARGEST:
                raise DisciplineError("out_of_range", path=self.at(name), least=-LARGEST, most=LARGEST)
            return float(value)
        if value is not None and abs(value) > LARGEST:
            raise DisciplineError("out_of_range", path=self.at(name), least=-LARGEST, most=LARGEST)
        return None if value is None else int(value)

    def seconds_us(self, name: str) -> int | None:
        """Decimal seconds as whole microseconds."""
        value = self._typed(name, (int, Decimal), "seconds", False)
        if value is None:
            return None
        exact = Decimal(value)
        if not exact.is_finite() or not 0 <= exact <= 1_000_000 or (exact * 1_000_000) % 1:
            raise DisciplineError("out_of_range", path=self.at(name), least=0, most=1_000_000)
        return int(exact * 1_000_000)

    def names(self, name: str = "name") -> dict[str, str]:
        """A name in all three languages."""
        table = self.table(name)
        return {language: table.text(language) for language in LANGUAGES} | table.done()

    def words(self, name: str) -> dict[str, str]:
        """A text in all three languages, or one text for all of them; empty if it is left out."""
        if isinstance(self._table.get(name), dict):
            return self.names(name)
        text = self.text(name, "")
        return dict.fromkeys(LANGUAGES, text) if text else {}

    def table(self, name: str) -> "Fields":
        return Fields(self._typed(name, dict, "a table", True), self.at(name))

    def optional_table(self, name: str) -> "Fields | None":
        return self.table(name) if self.has(name) else None

    def tables(self, name: str, *, required: bool = False) -> "Iterator[Fields]":
        value = self._typed(name, list, "an array of tables", required) or []
        for number, each in enumerate(value):
            path = f"{self.at(name)}[{number}]"
            if not isinstance(each, dict):
                raise DisciplineError("wrong_type", path=path, expected="a table")
            yield Fields(each, path)

    def items(self) -> "Iterator[tuple[str, Any]]":
        """Every field that is left, taken."""
        taken, self._table = self._table, {}
        yield from taken.items()

    def names_left(self) -> tuple[str, ...]:
        return tuple(self._table)

    def done(self) -> dict[str, str]:
        """Raise DisciplineError unknown_field for whatever nobody asked for."""
        for name in self._table:
            raise DisciplineError("unknown_field", path=self.at(str(name)[:40]))
        return {}
