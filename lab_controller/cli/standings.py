"""`lab standings`: rank a file of results by a discipline file, with no database."""

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from competitions.aggregation import aggregate
from competitions.disciplines import Discipline, DisciplineError, load_discipline
from competitions.disciplines.examples import check_examples
from competitions.errors import CompetitionError, RuleError
from competitions.placing import Standing, rank
from competitions.result_json import parse_json_rows
from competitions.result_rows import Mistake, TeamRows, is_number, parse_rows
from competitions.results import Result
from competitions.shapes import plain
from competitions.statuses import Status
from lab_controller.errors import LabError

WRONG_DATA, UNREADABLE = 1, 2

REASONS = {
    "attempt_repeated": "attempt {attempt} of this team is already in a row above",
    "bad_number": "{value!r} is not a whole number",
    "bad_status": "{value!r} is not a status; known are {known}",
    "bad_time": "{value!r} is not a time; write 12.483, 12,483 or 1:02.5",
    "bad_toggle": "{value!r} is neither yes nor no",
    "cell_error": "the cell holds a spreadsheet error",
    "expression_failed": "{expression} cannot be computed: {reason}",
    "expression_loops": "{expression} loops over a list",
    "expression_not_a_number": "{expression} gives {value}, which is not a number",
    "expression_syntax": "{reason}",
    "expression_too_long": "the expression is longer than {longest} characters",
    "false_start_without_signal": "a false start needs a start by signal",
    "finish_beside_laps": "a discipline has laps or a finish, not both",
    "formula": "the cell holds a formula; paste the values instead",
    "import_choose_sheet": "the workbook has several filled sheets: {sheets}; save the one that counts alone",
    "import_empty": "the file is empty",
    "import_encoding": "the file is neither UTF-8, UTF-16 nor Cyrillic Windows text",
    "import_no_such_sheet": "the workbook has no sheet {sheet!r}",
    "import_old_excel": "this is an old .xls file; save it as .xlsx or CSV",
    "import_quote": "a quotation mark in row {row} is not closed",
    "import_too_large": "the file is larger than {limit_bytes} bytes",
    "import_too_many_rows": "the file has more than {limit} rows",
    "import_unreadable": "the workbook is damaged",
    "json_shape": "a result is an object with a team, and a time, a status or attempts",
    "json_syntax": "this is not JSON: {reason}",
    "laps_missing": "the number of laps is missing",
    "laps_without_end": "laps need a count or a time limit",
    "missing": "the field is missing",
    "mixed_columns": "a row holds one attempt, or the team and its attempts in columns 1, 2, 3: not both",
    "no_result_column": "there is no column time or status, and no column 1, 2, 3",
    "no_such_attempt": "the discipline has {attempts} attempts",
    "no_team_column": "there is no column with this name",
    "not_a_name": "{value!r} cannot be used in an expression; use letters, digits and _",
    "not_utf8": "the file is not UTF-8 from byte {byte}",
    "out_of_range": "the value must be between {least} and {most}",
    "param_missing": "this value is required",
    "repeated": "{value!r} is empty or stands twice",
    "repeated_column": "the column stands twice",
    "status_by_command": "{status} is not a result",
    "team_missing": "the row names no team",
    "team_repeated": "{team!r} has a row above",
    "text_too_long": "the file is longer than {longest} characters",
    "time_missing": "the time is missing; zero would be a time",
    "toml_syntax": "this is not TOML: {reason}",
    "too_many_cells": "the row has more than {columns} cells; is a decimal comma unquoted?",
    "two_statuses": "the time and the status column state different things",
    "unknown_choice": "{value!r} is not one of {choices}",
    "unknown_column": "the column is unknown; known are {known}",
    "unknown_field": "no such field; is it a typing error?",
    "unknown_param": "the discipline has no value {name!r}",
    "unknown_penalty": "the discipline has no penalty {penalty!r}",
    "unknown_step": "the step is none of passage, penalty, param, status, arm, signal, limit, accept",
    "unknown_variable": "{variable!r} is not known here; known are {known}",
    "wrong_type": "this must be {expected}",
}


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


def standings(
    discipline: Annotated[Path, typer.Option(help="A discipline file (TOML).")],
    results: Annotated[Path, typer.Option(help="Results: CSV, XLSX or JSON.")],
    output: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Rank results by any discipline file: how an organiser tries a rule."""
    rules = _load_rules(discipline)
    for each in check_examples(rules):
        typer.echo(
            f"{discipline}: example {each.example!r} does not hold: "
            f"{each.subject} should give {plain(each.expected)}, gives {plain(each.got)}",
            err=True,
        )
    sheet = _load_results(rules, results)
    if sheet.mistakes:
        for mistake in sheet.mistakes:
            typer.echo(f"{results}: {_place(mistake)}: {_sentence(mistake.code, mistake.params)}", err=True)
        raise typer.Exit(WRONG_DATA)
    try:
        table = rank(
            (aggregate(rules, team, attempts) for team, attempts in sheet.teams.items()),
            rules.ranking,
            rules.tie,
        )
    except CompetitionError as error:
        _fail(discipline, error.code, error.params, WRONG_DATA)
    typer.echo(_format_json(rules, table) if output is Format.JSON else _format_table(rules, table))


def _load_rules(path: Path) -> Discipline:
    try:
        return load_discipline(path)
    except OSError as error:
        typer.echo(f"{path}: {error.strerror}", err=True)
        raise typer.Exit(UNREADABLE) from None
    except DisciplineError as error:
        _fail(path, error.code, error.params, UNREADABLE)


def _load_results(rules: Discipline, path: Path) -> TeamRows:
    try:
        data = path.read_bytes()
        if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
            return parse_rows(rules, *parse_json_rows(data.decode("utf-8-sig")))
        return _parse_sheet(rules, data)
    except OSError as error:
        typer.echo(f"{path}: {error.strerror}", err=True)
        raise typer.Exit(UNREADABLE) from None
    except UnicodeDecodeError as error:
        _fail(path, "not_utf8", {"byte": error.start}, UNREADABLE)
    except (LabError, RuleError) as error:
        _fail(path, error.code, error.params, WRONG_DATA)


def _parse_sheet(rules: Discipline, data: bytes) -> TeamRows:
    from lab_controller.championships.sheets import parse_table

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


def _fail(path: Path, code: str, params: dict[str, Any], exit_code: int) -> NoReturn:
    place = (
        f"{params['path']}: " if params.get("path") else f"row {params['row']}: " if "row" in params else ""
    )
    typer.echo(f"{path}: {place}{_sentence(code, params)}", err=True)
    raise typer.Exit(exit_code)


def _place(mistake: Mistake) -> str:
    return f"row {mistake.row}" + (f", column {mistake.column}" if mistake.column else "")


def _sentence(code: str, params: dict[str, Any]) -> str:
    told = {
        name: ", ".join(map(str, each)) if isinstance(each, list) else each for name, each in params.items()
    }
    return f"{REASONS[code].format_map(told)} [{code}]"


def _format_json(rules: Discipline, table: Iterable[Standing]) -> str:
    keys = [{"key": key.expression.text, "name": key.name, "unit": key.unit} for key in rules.ranking]
    return json.dumps(
        {
            "discipline": {
                "id": rules.id,
                "version": rules.version,
                "digest": rules.digest,
                "name": rules.name,
            },
            "keys": keys,
            "standings": [_row(each) for each in table],
        },
        ensure_ascii=False,
        indent=2,
    )


def _row(standing: Standing) -> dict[str, Any]:
    return {
        "place": standing.place,
        "team": standing.entry,
        "tied": standing.tied,
        "unresolved": standing.unresolved,
        "due": standing.due,
        "status": standing.status,
        "result": _result(standing.result),
        "counted": list(standing.counted),
        "keys": [{"value": each.value, "bound": each.bound} for each in standing.keys],
        "attempts": [_result(each) for each in standing.attempts],
    }


def _result(result: Result | None) -> dict[str, Any] | None:
    if result is None:
        return None
    return {
        "status": result.status.value,
        "value_us": result.value_us,
        "bound_us": result.bound_us,
        "score": result.score,
        "laps": result.laps,
        "best_lap_us": result.best_lap_us,
    }


def _format_table(rules: Discipline, table: Iterable[Standing]) -> str:
    attempts = [str(number) for number in range(1, rules.attempts + 1)]
    rows = [["place", "team", "result", *attempts, ""]]
    for each in table:
        place = "–" if each.place is None else f"{each.place}{'=' if each.tied else ''}"
        shown = [_shown(rules, attempt) for attempt in each.attempts]
        rows.append([place, each.entry, _shown(rules, each.result), *shown, _note(each)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([f"{rules.name['en']}, version {rules.version}", *(line.rstrip() for line in lines)])


def _note(standing: Standing) -> str:
    if standing.due is not None:
        return f"not ordered: {standing.due}"
    return "not ordered: bounds overlap" if standing.unresolved else ""


def _shown(rules: Discipline, result: Result | None) -> str:
    if result is None:
        return ""
    if result.status is not Status.OK:
        return result.status.value
    if rules.unit == "points":
        return "" if result.score is None else f"{result.score:.12g}"
    if rules.ranking[0].expression.name == "best_lap_us" and result.best_lap_us is not None:
        return _format_time(result.best_lap_us, result.best_lap_bound_us)
    time = "" if result.value_us is None else _format_time(result.value_us, result.bound_us)
    return f"{result.laps} laps {time}".rstrip() if rules.laps is not None else time


def _format_time(time_us: int, bound_us: int) -> str:
    minutes, rest_us = divmod(time_us, 60_000_000)
    seconds = f"{rest_us // 1_000_000:02}" if minutes else f"{rest_us // 1_000_000}"
    fraction = f"{rest_us % 1_000_000:06}"
    text = f"{minutes}:{seconds}" if minutes else seconds
    text += f".{fraction[:3]}{fraction[3:].rstrip('0')}"
    return f"{text} ± {bound_us / 1000:g} ms" if bound_us else text


def register(app: typer.Typer) -> None:
    app.command("standings")(standings)
