"""Teams out of an uploaded table: a preview with every error named by row and column, nothing stored."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lab_controller.championships.sheets import Row, Table, column_letters, parse_table
from lab_controller.errors import Invalid

LONGEST_TEXT: Final = 100
MOST_PARTICIPANTS: Final = 20
HEADER_WITHIN: Final = 10
REQUIRED: Final = ("team", "school")

HEADINGS: Final[Mapping[str, frozenset[str]]] = {
    "team": frozenset(
        {"team", "team name", "команда", "название команды", "топ", "топ атауы", "команда атауы"}
    ),
    "school": frozenset(
        {"school", "organisation", "organization", "школа", "организация", "мектеп", "ұйым", "мектеп атауы"}
    ),
    "city": frozenset({"city", "district", "город", "район", "қала", "аудан"}),
    "coach": frozenset({"coach", "тренер", "руководитель", "жетекші", "жетекшісі", "бапкер"}),
    "participants": frozenset(
        {"participants", "participant", "members", "участники", "участник", "состав", "қатысушылар"}
        | {"қатысушы", "құрамы"}
    ),
    "number": frozenset({"number", "no", "номер", "нөмір", "нөмірі", "n", "#"}),
}

Values = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class TeamRow:
    """One team to enter. `participants` are children's names: private."""

    row: int
    team: str
    school: str
    city: str = ""
    coach: str = ""
    number: int | None = None
    participants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowError:
    """`column` is a heading of ours (`team`, `school`, ...) or the letter of an unknown column."""

    row: int
    column: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be entered; a row with an error is in `errors` only."""

    rows: tuple[TeamRow, ...] = ()
    errors: tuple[RowError, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    source: str = ""

    @property
    def ok(self) -> bool:
        return bool(self.rows) and not self.errors


def fold_name(name: str) -> str:
    """What two spellings of one name have in common: case, spaces, quotes and Unicode forms do not count."""
    plain = re.sub(r"[\"'«»“”„`]", "", unicodedata.normalize("NFKC", name))
    return " ".join(plain.split()).casefold()


def parse_teams(data: bytes, filename: str = "", sheet: str | None = None) -> Preview:
    """Read teams from CSV or XLSX; a file that cannot be read as a table gives one error in row 0."""
    try:
        return _preview(parse_table(data, sheet))
    except Invalid as error:
        row = error.params.get("row", 0)
        params = {**error.params, "filename": filename}
        return Preview(errors=(RowError(row if isinstance(row, int) else 0, "", error.code, params),))


def _preview(table: Table) -> Preview:
    header = _find_header(table)
    columns, ignored, errors = _parse_header(header)
    if errors:
        return Preview(errors=tuple(errors), ignored_columns=tuple(ignored), source=table.source)
    width = max(position for position, cell in enumerate(header.cells) if cell) + 1
    reader = _Reader(columns, width, {(cell.row, cell.column): cell.code for cell in table.refused})
    for row in table.rows:
        if row.number > header.number:
            reader.take(row)
    if not reader.rows and not reader.errors:
        reader.errors.append(RowError(header.number, "", "import_no_rows"))
    return Preview(tuple(reader.rows), tuple(reader.errors), tuple(ignored), table.source)


def _heading(cell: str) -> str | None:
    """Our name of a column; `Участник 2`, `№` and `Team *` are understood."""
    text = fold_name(cell.replace("№", "#")).strip(" :*.")
    numbered = re.sub(r"\s*\d+$", "", text)
    for name, headings in HEADINGS.items():
        if text in headings or (name == "participants" and numbered in headings):
            return name
    return None


def _find_header(table: Table) -> Row:
    """The first row that names all required columns (a title may stand above it), else the first row."""
    for row in table.rows[:HEADER_WITHIN]:
        if set(REQUIRED) <= {_heading(cell) for cell in row.cells}:
            return row
    return table.rows[0]


def _parse_header(header: Row) -> tuple[dict[int, str], list[str], list[RowError]]:
    columns: dict[int, str] = {}
    ignored: list[str] = []
    errors: list[RowError] = []
    for position, cell in enumerate(header.cells):
        name = _heading(cell)
        if name is None:
            if cell:
                ignored.append(cell[:LONGEST_TEXT])
        elif name != "participants" and name in columns.values():
            errors.append(RowError(header.number, name, "import_column_twice"))
        else:
            columns[position] = name
    errors += [
        RowError(header.number, name, "import_column_missing")
        for name in REQUIRED
        if name not in columns.values()
    ]
    return columns, ignored, errors


class _Claims:
    """A team and a start number belong to the first row that has them."""

    def __init__(self) -> None:
        self._teams: dict[tuple[str, str], TeamRow] = {}
        self._numbers: dict[int, TeamRow] = {}

    def errors(self, row: TeamRow) -> Iterator[RowError]:
        key = (fold_name(row.team), fold_name(row.school))
        if (first := self._teams.setdefault(key, row)) is not row:
            yield RowError(row.row, "team", "import_duplicate", {"first_row": first.row})
        elif row.number and (first := self._numbers.setdefault(row.number, row)) is not row:
            yield RowError(row.row, "number", "import_number_twice", {"first_row": first.row})


class _Reader:
    def __init__(self, columns: dict[int, str], width: int, refused: dict[tuple[int, int], str]) -> None:
        self.columns = columns
        self.width = width
        self.refused = refused
        self.rows: list[TeamRow] = []
        self.errors: list[RowError] = []
        self._claims = _Claims()

    def take(self, row: Row) -> None:
        values: Values = {name: [] for name in HEADINGS}
        for position, cell in enumerate(row.cells):
            if cell and position in self.columns:
                values[self.columns[position]].append(cell)
        errors = [*self._cell_errors(row), *_value_errors(row.number, values)]
        if not errors:
            team = _team_row(row.number, values)
            errors += self._claims.errors(team)
            if not errors:
                self.rows.append(team)
        self.errors += errors

    def _cell_errors(self, row: Row) -> Iterator[RowError]:
        for position, cell in enumerate(row.cells):
            code = self.refused.get((row.number, position))
            if code is not None and position in self.columns:
                yield RowError(row.number, self.columns[position], f"import_{code}")
            elif cell and position >= self.width:
                yield RowError(row.number, column_letters(position), "import_extra_cell")


def check_rows(rows: Sequence[TeamRow]) -> list[RowError]:
    """What is wrong with rows that did not come out of a table."""
    if not rows:
        return [RowError(0, "", "import_no_rows")]
    claims, errors = _Claims(), []
    for row in rows:
        values: Values = {
            "team": [row.team],
            "school": [row.school],
            "city": [row.city],
            "coach": [row.coach],
            "participants": list(row.participants),
            "number": [] if row.number is None else [str(row.number)],
        }
        errors += [*_value_errors(row.row, values), *claims.errors(row)]
    return errors


def _value_errors(number: int, values: Values) -> Iterator[RowError]:
    for column in REQUIRED:
        if not any(fold_name(value) for value in values[column]):
            yield RowError(number, column, "import_required")
    for column, cells in values.items():
        for text in _iter_names(cells) if column == "participants" else map(_squeeze, cells):
            if len(text) > LONGEST_TEXT:
                yield RowError(number, column, "import_too_long", {"limit": LONGEST_TEXT})
            if any(unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn"} for char in text):
                yield RowError(number, column, "import_control_character")
    if values["number"] and not re.fullmatch(r"[1-9][0-9]{0,3}", values["number"][0]):
        yield RowError(number, "number", "import_number")
    if len(list(_iter_names(values["participants"]))) > MOST_PARTICIPANTS:
        yield RowError(number, "participants", "import_too_many_participants", {"limit": MOST_PARTICIPANTS})


def _team_row(number: int, values: Values) -> TeamRow:
    def text(column: str) -> str:
        return _squeeze(values[column][0]) if values[column] else ""

    return TeamRow(
        row=number,
        team=text("team"),
        school=text("school"),
        city=text("city"),
        coach=text("coach"),
        number=int(values["number"][0]) if values["number"] else None,
        participants=tuple(_iter_names(values["participants"])),
    )


def _squeeze(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _iter_names(cells: list[str]) -> Iterator[str]:
    for cell in cells:
        for name in re.split(r"[,;\r\n]", cell):
            if name.strip():
                yield _squeeze(name)
