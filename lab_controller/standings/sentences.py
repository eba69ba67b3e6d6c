"""What is wrong with a file, in the words of the command line."""

from typing import Any

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


def sentence(code: str, params: dict[str, Any]) -> str:
    """The sentence for a code, with the code behind it."""
    told = {
        name: ", ".join(map(str, each)) if isinstance(each, list) else each for name, each in params.items()
    }
    return f"{REASONS[code].format_map(told)} [{code}]"
