"""Teams from uploaded tables: what is understood, what is refused, and where."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_controller.championships.imports import Preview, RowError, TeamRow, parse_teams
from lab_controller.championships.sheets import LARGEST_FILE, MOST_ROWS

TWO_TEAMS = (TeamRow(2, "Қыран", "№ 12 мектеп"), TeamRow(3, "Robo, Inc", "Лицей 134"))
TWO_TEAMS_TEXT = 'team;school\nҚыран;№ 12 мектеп\n"Robo, Inc";Лицей 134\n'


def workbook(*sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"Sheet{number}")
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def errors(data: bytes) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in parse_teams(data, "t").errors]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("kz1048"),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
        lambda text: text.replace(";", "\t").encode(),
        lambda text: text.replace(";", "\t").encode("utf-16"),
        lambda text: f"sep=;\n{text}".replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", ";;\n").encode(),
    ],
    ids=["utf-8", "bom", "utf-16", "cp1251-kk", "bare-cr", "crlf", "tab", "excel-unicode", "sep", "padded"],
)
def test_every_way_that_spreadsheets_write_csv_is_understood(encode: Callable[[str], bytes]) -> None:
    preview = parse_teams(encode(TWO_TEAMS_TEXT), "teams.csv")
    assert [(row.team, row.school) for row in preview.rows] == [(row.team, row.school) for row in TWO_TEAMS]
    assert preview.errors == ()


def test_comma_separated_and_cp1251_russian_headings() -> None:
    text = (
        "Название команды,Школа,Город,Тренер,Участник 1,Участник 2,Примечание\nМолния,Лицей 8,Алматы,Ким А.,"
    )
    preview = parse_teams(f"{text}Аян С.,Дана К.,сдали взнос\n".encode("cp1251"), "teams.csv")
    assert preview == Preview(
        rows=(TeamRow(2, "Молния", "Лицей 8", "Алматы", "Ким А.", None, ("Аян С.", "Дана К.")),),
        ignored_columns=("Примечание",),
        source="kz1048 ','",
    )


def test_xlsx_with_a_title_above_kazakh_headings() -> None:
    rows = [
        ["Алматы кубогы 2026"],
        [],
        ["№", "Топ атауы", "Мектеп", "Қала", "Қатысушылар"],
        [1, "Қыран", "№ 12 мектеп", "Алматы", "Айша Н.\nДамир Т."],
        [2.0, "Бүркіт", 25, None, "-"],
    ]
    assert parse_teams(workbook(rows), "teams.xlsx") == Preview(
        rows=(
            TeamRow(4, "Қыран", "№ 12 мектеп", "Алматы", "", 1, ("Айша Н.", "Дамир Т.")),
            TeamRow(5, "Бүркіт", "25", "", "", 2),
        ),
        source="Sheet1",
    )


def test_errors_name_row_and_column_and_good_rows_are_still_shown() -> None:
    table = (
        "number,team,school,city\n"
        "1,Alpha,School 1,\n"
        "2,,School 2,\n"
        "3,Gamma,,Almaty\n"
        "4,  ALPHA ,«School 1»,\n"
        "1,Delta,School 4,\n"
        "x,Eps,School 5,\n"
        f"6,{'Z' * 101},School 6,\n"
        "7,Eta,School 7,,surplus\n"
        "8,The\x07ta,School 8,\n"
    )
    preview = parse_teams(table.encode(), "teams.csv")
    assert preview.rows == (TeamRow(2, "Alpha", "School 1", number=1),)
    assert preview.errors == (
        RowError(3, "team", "import_required"),
        RowError(4, "school", "import_required"),
        RowError(5, "team", "import_duplicate", {"first_row": 2}),
        RowError(6, "number", "import_number_twice", {"first_row": 2}),
        RowError(7, "number", "import_number"),
        RowError(8, "team", "import_too_long", {"limit": 100}),
        RowError(9, "E", "import_extra_cell"),
        RowError(10, "team", "import_control_character"),
    )
    assert not preview.ok


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1"])
def test_formulas_are_refused_in_csv_and_xlsx(cell: str) -> None:
    assert errors(f'team;school\n"{cell}";School\n'.encode()) == [(2, "team", "import_formula")]
    assert errors(workbook([["team", "school"], [cell, "School"]])) == [(2, "team", "import_formula")]


def test_a_column_that_is_not_read_may_hold_anything() -> None:
    assert parse_teams(b"team;school;phone\nA;B;+7 701 000 00 00\n", "t").rows == (TeamRow(2, "A", "B"),)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", (0, "", "import_empty")),
        (b"\xef\xbb\xbf\r\n \r\n;;;\r\n", (0, "", "import_empty")),
        (b"team;school\n", (1, "", "import_no_rows")),
        (b"name;points\nA;3\n", (1, "team", "import_column_missing")),
        (b"team;team;school\nA;B;C\n", (1, "team", "import_column_twice")),
        (b'team;school\n"A;B\n', (2, "", "import_quote")),
        (b"team;school\n\x98\xff;B\n", (0, "", "import_encoding")),
        (b"\0" * 1000, (0, "", "import_encoding")),
        (b"\xff\xfe\x00", (0, "", "import_encoding")),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", (0, "", "import_old_excel")),
        (b"PK\x03\x04 not a workbook", (0, "", "import_unreadable")),
        (b"a" * (LARGEST_FILE + 1), (0, "", "import_too_large")),
        (b"team;school\n" + b"A;B\n" * MOST_ROWS, (0, "", "import_too_many_rows")),
    ],
)
def test_a_file_that_is_no_table_of_teams_says_why(data: bytes, expected: tuple[int, str, str]) -> None:
    assert errors(data)[0] == expected
    assert parse_teams(data, "t").rows == ()


def test_two_filled_sheets_ask_which_one_and_an_empty_one_is_passed_over() -> None:
    first, second = [["team", "school"], ["A", "B"]], [["team", "school"], ["C", "D"]]
    asked = parse_teams(workbook(first, second), "t.xlsx").errors
    assert asked == (
        RowError(0, "", "import_choose_sheet", {"sheets": ["Sheet1", "Sheet2"], "filename": "t.xlsx"}),
    )
    assert parse_teams(workbook(first, second), "t.xlsx", sheet="Sheet2").rows == (TeamRow(2, "C", "D"),)
    assert parse_teams(workbook([], first), "t.xlsx").rows == (TeamRow(2, "A", "B"),)
    assert errors_of_sheet(workbook(first), "Nope") == ["import_no_such_sheet"]


def errors_of_sheet(data: bytes, sheet: str) -> list[str]:
    return [error.code for error in parse_teams(data, "t.xlsx", sheet).errors]


def test_an_xlsx_without_rows_is_empty() -> None:
    assert errors(workbook([])) == [(0, "", "import_empty")]


def test_a_zip_bomb_and_an_entity_bomb_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (51 << 20))
    assert errors(out.getvalue()) == [(0, "", "import_too_large")]

    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "bomb"}">' for n in range(10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [{entities}]><x>&e9;</x>'
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["team"]]))) as good, zipfile.ZipFile(out, "w") as archive:
        for part in good.namelist():
            archive.writestr(part, bomb if part == "xl/workbook.xml" else good.read(part))
    assert errors(out.getvalue()) == [(0, "", "import_unreadable")]


def test_an_error_value_in_a_cell_is_named() -> None:
    data = workbook([["team", "school"], ["#REF!", "B"]])
    assert errors(data) == [(2, "team", "import_cell_error")]


@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda tail: b"PK\x03\x04" + tail))
def test_random_bytes_give_a_preview_and_never_an_exception(data: bytes) -> None:
    parse_teams(data, "random")


@given(st.data())
def test_a_damaged_workbook_gives_a_preview_and_never_an_exception(data: st.DataObject) -> None:
    whole = bytearray(WORKBOOK)
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    parse_teams(bytes(whole[: data.draw(st.integers(1, len(whole)))]), "damaged.xlsx")


WORKBOOK = workbook([["team", "school"], ["A", "B"]])


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1, max_size=12)] * 2),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([";", "\t", ","]),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_every_row_is_entered_once_or_has_an_error(
    rows: list[tuple[str, str]], delimiter: str, end: str, encoding: str
) -> None:
    text = end.join(delimiter.join(row) for row in [("team", "school"), *rows]) + end
    preview = parse_teams(text.encode(encoding), "t.csv")
    filled = [number for number, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)]
    told = {row.row for row in preview.rows} | {error.row for error in preview.errors}
    assert told == set(filled) or (not filled and told == {1})
