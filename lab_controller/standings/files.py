"""Reading of the two files: rules and results."""

from pathlib import Path
from typing import Any

from competitions.disciplines import Discipline, DisciplineError, load_discipline
from competitions.errors import CompetitionError, RuleError
from competitions.result_json import parse_json_rows
from competitions.result_rows import Mistake, TeamRows, is_number, parse_rows
from lab_controller.championships.sheets import parse_table
from lab_controller.errors import LabError
from lab_controller.standings.sentences import sentence

WRONG_DATA, UNREADABLE = 1, 2


class FileRefused(Exception):
    """`lines` say what is wrong and where; `exit_code` is that of the command."""

    def __init__(self, lines: list[str], exit_code: int) -> None:
        super().__init__(lines)
        self.lines = lines
        self.exit_code = exit_code


def load_rules(path: Path) -> Discipline:
    """Raises FileRefused."""
    try:
        return load_discipline(path)
    except OSError as error:
        raise FileRefused([f"{path}: {error.strerror}"], UNREADABLE) from None
    except DisciplineError as error:
        raise _refused(path, error, UNREADABLE) from None


def load_results(rules: Discipline, path: Path) -> TeamRows:
    """Raises FileRefused with every mistake of the file."""
    try:
        data = path.read_bytes()
        if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
            sheet = parse_rows(rules, *parse_json_rows(data.decode("utf-8-sig")))
        else:
            sheet = _parse_sheet(rules, data)
    except OSError as error:
        raise FileRefused([f"{path}: {error.strerror}"], UNREADABLE) from None
    except UnicodeDecodeError as error:
        raise _refused(path, DisciplineError("not_utf8", byte=error.start), UNREADABLE) from None
    except (LabError, RuleError) as error:
        raise _refused(path, error, WRONG_DATA) from None
    if sheet.mistakes:
        lines = [f"{path}: {_place(each)}: {sentence(each.code, each.params)}" for each in sheet.mistakes]
        raise FileRefused(lines, WRONG_DATA)
    return sheet


def _parse_sheet(rules: Discipline, data: bytes) -> TeamRows:
    table = parse_table(data)
    head, *rows = table.rows
    cells = {row.number: row.cells for row in table.rows}
    refused = tuple(
        Mistake(each.row, _column(head.cells, each.column), each.code)
        for each in table.refused
        if each.code != "formula" or not is_number(cells[each.row][each.column])
    )
    if refused:
        return TeamRows({}, refused)
    return parse_rows(rules, head.cells, [(row.number, row.cells) for row in rows])


def _column(header: tuple[str, ...], column: int) -> str:
    return header[column] if column < len(header) else str(column + 1)


def _place(mistake: Mistake) -> str:
    return f"row {mistake.row}" + (f", column {mistake.column}" if mistake.column else "")


def _refused(path: Path, error: CompetitionError | LabError, exit_code: int) -> FileRefused:
    params: dict[str, Any] = error.params
    place = (
        f"{params['path']}: " if params.get("path") else f"row {params['row']}: " if "row" in params else ""
    )
    return FileRefused([f"{path}: {place}{sentence(error.code, params)}"], exit_code)
