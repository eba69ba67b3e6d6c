"""A table that somebody uploaded, CSV or XLSX, as rows of text cells with what was refused in it."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from lab_controller.errors import Invalid

LARGEST_FILE: Final = 5 << 20
LARGEST_UNPACKED: Final = 50 << 20
MOST_ROWS: Final = 5_000
MOST_COLUMNS: Final = 64
FORMULA_STARTS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
DELIMITERS: Final = (";", "\t", ",")
ZIP_MAGIC: Final = b"PK\x03\x04"
OLD_EXCEL_MAGIC: Final = b"\xd0\xcf\x11\xe0"

# What openpyxl lets through from zipfile, zlib, the XML parser and its own type checks on a damaged file.
UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    OSError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A cell that is not plain content; `code` is `formula` or `cell_error`."""

    row: int
    column: int
    code: str


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the row as the person sees it in their program, from 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`source` says how the bytes were understood: an encoding and a delimiter, or a sheet's name."""

    rows: tuple[Row, ...]
    refused: tuple[Refused, ...]
    source: str


def parse_table(data: bytes, sheet: str | None = None) -> Table:
    """Read CSV or XLSX, told apart by content; empty rows are left out.

    Raises Invalid: `import_empty`, `import_too_large`, `import_too_many_rows`, `import_old_excel`,
    `import_unreadable`, `import_encoding`, `import_quote`, `import_choose_sheet`, `import_no_such_sheet`.
    """
    if len(data) > LARGEST_FILE:
        raise Invalid("import_too_large", limit_bytes=LARGEST_FILE)
    if data.startswith(OLD_EXCEL_MAGIC):
        raise Invalid("import_old_excel")
    table = _parse_xlsx(data, sheet) if data.startswith(ZIP_MAGIC) else _parse_csv(data)
    if not table.rows:
        raise Invalid("import_empty")
    return table


def _parse_csv(data: bytes) -> Table:
    text, encoding = _decode(data)
    text, delimiter = _find_delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    refused: list[Refused] = []
    try:
        for number, fields in enumerate(reader, start=1):
            cells = [_strip(cell) for cell in fields]
            if any(cells):
                refused += [
                    Refused(number, column, "formula")
                    for column, cell in enumerate(cells)
                    if cell.startswith(FORMULA_STARTS)
                ]
                _add(rows, Row(number, tuple(cells)))
    except csv.Error:
        raise Invalid("import_quote", row=reader.line_num) from None
    return Table(tuple(rows), tuple(refused), f"{encoding} {delimiter!r}")


def _decode(data: bytes) -> tuple[str, str]:
    """UTF-16 by its mark, else UTF-8, else the Kazakh variant of cp1251 (its other letters are the same)."""
    encodings = ["utf-8-sig", "kz1048"]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise Invalid("import_encoding")


def column_letters(position: int) -> str:
    """What a spreadsheet calls the column at a position from 0: A to Z, then AA."""
    rest, letter = divmod(position, 26)
    return (column_letters(rest - 1) if rest else "") + chr(ord("A") + letter)


def _find_delimiter(text: str) -> tuple[str, str]:
    """The delimiter that `sep=` names (Excel's own first line), else the one that the first line has most."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if first.lower().startswith("sep=") and first[4:5] in DELIMITERS:
        return text.replace(first, "", 1), first[4]
    return text, max(DELIMITERS, key=first.count)


def _parse_xlsx(data: bytes, wanted: str | None) -> Table:
    import openpyxl  # takes a tenth of a second that only an upload should pay
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST_UNPACKED:
                raise Invalid("import_too_large", limit_bytes=LARGEST_UNPACKED)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            return _choose_sheet({sheet.title: _parse_sheet(sheet) for sheet in book.worksheets}, wanted)
        finally:
            book.close()
    except (InvalidFileException, *UNREADABLE):
        raise Invalid("import_unreadable") from None


def _choose_sheet(tables: dict[str, Table], wanted: str | None) -> Table:
    filled = {name: table for name, table in tables.items() if table.rows}
    if wanted is not None:
        if wanted not in tables:
            raise Invalid("import_no_such_sheet", sheet=wanted, sheets=sorted(tables))
        return tables[wanted]
    if len(filled) > 1:
        raise Invalid("import_choose_sheet", sheets=list(filled))
    return next(iter(filled.values()), Table((), (), ""))


def _parse_sheet(sheet: Any) -> Table:
    sheet.reset_dimensions()
    rows: list[Row] = []
    refused: list[Refused] = []
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        texts = tuple(_format_cell(cell.value) for cell in cells)
        if any(texts):
            refused += _iter_refused(number, cells)
            _add(rows, Row(number, texts))
    return Table(tuple(rows), tuple(refused), sheet.title)


def _iter_refused(number: int, cells: Any) -> Iterator[Refused]:
    for column, cell in enumerate(cells):
        if cell.data_type == "f" or _format_cell(cell.value).startswith(FORMULA_STARTS):
            yield Refused(number, column, "formula")
        elif cell.data_type == "e":
            yield Refused(number, column, "cell_error")


def _format_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and not any((value.hour, value.minute, value.second)):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else _strip(str(value))


def _strip(text: str) -> str:
    """A lone dash is how people write "nothing"."""
    text = text.strip()
    return "" if text in {"-", "–", "—"} else text


def _add(rows: list[Row], row: Row) -> None:
    if len(rows) == MOST_ROWS:
        raise Invalid("import_too_many_rows", limit=MOST_ROWS)
    rows.append(row)
