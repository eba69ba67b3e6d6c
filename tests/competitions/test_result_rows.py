"""Results from sheets and JSON: what is read, and what is refused with its row and column."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.disciplines import Discipline, iter_disciplines, parse_discipline
from competitions.errors import RuleError
from competitions.result_json import parse_json_rows
from competitions.result_rows import parse_rows, parse_time
from competitions.results import Result
from competitions.statuses import Status
from tests.competitions.benches import discipline_text, penalty

SPRINT = parse_discipline(discipline_text(tables=penalty("touch", "seconds = 5\nmost = 3")))


def ok(time_us: int, *, touch: int = 0, bound_us: int = 0) -> Result:
    return Result(
        Status.OK,
        time_us + touch * 5_000_000,
        bound_us,
        counted_us=time_us,
        finished=True,
        penalties={"touch": touch},
    )


def without(status: Status) -> Result:
    return Result(status, penalties={"touch": 0})


def read(header: str, *rows: str, discipline: Discipline = SPRINT) -> dict[str, tuple[Result | None, ...]]:
    found = parse_rows(discipline, header.split("|"), [(n, row.split("|")) for n, row in enumerate(rows, 2)])
    assert found.mistakes == ()
    return found.teams


def mistakes(header: str, *rows: str, discipline: Discipline = SPRINT) -> list[tuple[int, str, str]]:
    found = parse_rows(discipline, header.split("|"), [(n, row.split("|")) for n, row in enumerate(rows, 2)])
    return [(each.row, each.column, each.code) for each in found.mistakes]


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("12.483", 12_483_000),
        ("12,483", 12_483_000),
        ("1:02.5", 62_500_000),
        ("1:2,5", 62_500_000),
        ("1:00:00", 3_600_000_000),
        ("00:01:02.500000", 62_500_000),
        ("75", 75_000_000),
        ("0", 0),
        ("0.000001", 1),
        (" 7 ", 7_000_000),
    ],
)
def test_times_are_read_exactly(text: str, time_us: int) -> None:
    assert parse_time(text) == time_us


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "1e3",
        "1.0000001",
        "1:60",
        "1:60:00",
        "12.4.8",
        ":5",
        "5:",
        "١٢",
        "nan",
        "1,234.5",
        "12s",
    ],
)
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(RuleError) as error:
        parse_time(text)
    assert error.value.code == "bad_time"


def test_one_attempt_a_row_in_any_order_of_columns() -> None:
    assert read(
        "Time|Touch|TEAM|attempt|status|bound",
        "10|1|Aqqu|2||0.0004",
        "11||Aqqu|1||",
        "||Bürkit||DNF|",
        "0||Tulpar|||",
    ) == {
        "Aqqu": (ok(11_000_000), ok(10_000_000, touch=1, bound_us=400)),
        "Bürkit": (without(Status.DNF), None),
        "Tulpar": (ok(0), None),
    }


def test_rows_of_a_team_are_numbered_when_no_attempt_is_told() -> None:
    assert read("team|time", "A|10", "B|9", "A|11") == {
        "A": (ok(10_000_000), ok(11_000_000)),
        "B": (ok(9_000_000), None),
    }


def test_attempts_in_columns_of_their_own() -> None:
    assert read("команда|1|2", "A|10,5|DNF", "B||9", "C||") == {
        "A": (ok(10_500_000), without(Status.DNF)),
        "B": (None, ok(9_000_000)),
        "C": (None, None),
    }


def test_a_team_without_a_result_is_kept_and_void_does_not_count() -> None:
    assert read("team|time|status", "A||", "B|9|VOID", "C||rerun") == {
        "A": (None, None),
        "B": (None, None),
        "C": (None, None),
    }


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("time|status", ["10|"], [(1, "team", "no_team_column")]),
        ("team|place", ["A|1"], [(1, "place", "unknown_column"), (1, "", "no_result_column")]),
        ("team|time|time", ["A|1|2"], [(1, "time", "repeated_column")]),
        ("team|1|3", ["A|1|2"], [(1, "3", "no_such_attempt")]),
        ("team|time|1", ["A|1|2"], [(1, "", "mixed_columns")]),
        ("team|1|2", ["A|1|2", "A|3|4"], [(3, "team", "team_repeated")]),
        ("team|1|2", ["A|1|soon"], [(2, "2", "bad_time")]),
        ("team|attempt|time", ["A|3|9"], [(2, "attempt", "no_such_attempt")]),
        ("team|attempt|time", ["A|0|9"], [(2, "attempt", "no_such_attempt")]),
        ("team|attempt|time", ["A|one|9"], [(2, "attempt", "bad_number")]),
        ("team|attempt|time", ["A|1|9", "A|1|8"], [(3, "attempt", "attempt_repeated")]),
        ("team|time", ["A|9", "A|8", "A|7"], [(4, "attempt", "no_such_attempt")]),
        ("team|time", ["|9"], [(2, "team", "team_missing")]),
        ("team|time", ["A|12|483"], [(2, "", "too_many_cells")]),
        ("team|time|status", ["A||OK"], [(2, "time", "time_missing")]),
        ("team|time|status", ["A|9|FAST"], [(2, "status", "bad_status")]),
        ("team|time|status", ["A|DNF|OK"], [(2, "status", "two_statuses")]),
        ("team|time|touch", ["A|9|4"], [(2, "touch", "out_of_range")]),
        ("team|time|touch", ["A|9|-1"], [(2, "touch", "out_of_range")]),
        ("team|time|touch", ["A|9|x", "|1|", "B|later|"],
         [(2, "touch", "bad_number"), (3, "team", "team_missing"), (4, "time", "bad_time")]),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_row_and_column(
    header: str, rows: list[str], expected: list[tuple[int, str, str]]
) -> None:
    assert mistakes(header, *rows) == expected


def test_laps_are_asked_for_where_the_discipline_does_not_fix_them(
    built_in: Callable[[str], Discipline],
) -> None:
    assert mistakes("team|time|laps", "A|170|", discipline=built_in("robo_race")) == [
        (2, "laps", "laps_missing")
    ]
    teams = read("team|time|laps|best_lap", "A|170|9|17.2", discipline=built_in("robo_race"))
    assert teams["A"][0] is not None
    assert (teams["A"][0].laps, teams["A"][0].best_lap_us) == (9, 17_200_000)


def test_params_of_the_discipline_are_columns(built_in: Callable[[str], Discipline]) -> None:
    rules = built_in("line_following_c")
    header = "team|time|section|section_time_us"
    teams = read(header, "A|100||", "B|DNF|7|39.5", discipline=rules)
    assert teams["B"][0] is not None
    assert teams["B"][0].params == {"section": 7, "section_time_us": 39_500_000}
    assert mistakes(header, "A|DNF|7|", "B|DNF|700|1", discipline=rules) == [
        (2, "section_time_us", "param_missing"),
        (3, "section", "out_of_range"),
    ]


def test_json_may_be_flat_or_nested() -> None:
    flat = '[{"team": "A", "time": 10.5, "touch": 1}, {"team": "B", "status": "DNF"}]'
    nested = """{"results": [
        {"team": "A", "attempts": [{"time": 10.5, "penalties": {"touch": 1}}]},
        {"team": "B", "attempts": [{"status": "DNF"}, null]}]}"""
    for text in (flat, nested):
        header, rows = parse_json_rows(text)
        assert parse_rows(SPRINT, header, rows).teams == {
            "A": (ok(10_500_000, touch=1), None),
            "B": (without(Status.DNF), None),
        }


def test_json_numbers_keep_their_text() -> None:
    header, rows = parse_json_rows('[{"team": "A", "attempts": [0.1, "0,30", null]}]')
    assert parse_rows(SPRINT, header, rows).teams == {"A": (ok(100_000), ok(300_000))}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[", "json_syntax"),
        ("[" * 100_000, "json_syntax"),
        ("3", "json_shape"),
        ("{}", "json_shape"),
        ("[3]", "json_shape"),
        ('[{"team": ["A"]}]', "json_shape"),
        ('[{"team": "A", "attempts": 3}]', "json_shape"),
    ],
)
def test_json_of_another_shape_is_refused(text: str, code: str) -> None:
    with pytest.raises(RuleError) as error:
        parse_json_rows(text)
    assert error.value.code == code


cells = st.sampled_from(
    ["", "A", "B", "1", "2", "9.5", "0", "DNF", "OK", "VOID", "x", "-3", "=1+1", "1:5", "true"]
)
names = st.sampled_from(
    [
        "team",
        "time",
        "status",
        "attempt",
        "laps",
        "best_lap",
        "bound",
        "1",
        "2",
        "false_start",
        "section",
        "?",
    ]
)


@given(
    discipline=st.sampled_from(list(iter_disciplines())),
    header=st.lists(names, max_size=6),
    rows=st.lists(st.lists(cells, max_size=7), max_size=6),
)
def test_any_sheet_is_read_or_told_what_is_wrong(
    discipline: Discipline, header: list[str], rows: list[list[str]]
) -> None:
    found = parse_rows(discipline, header, list(enumerate(rows, 2)))
    assert all(each.code for each in found.mistakes)
    assert all(len(attempts) == discipline.attempts for attempts in found.teams.values())


@given(text=st.text() | st.recursive(st.none() | st.text(), st.lists).map(repr))
def test_any_json_is_read_or_refused(text: str) -> None:
    with suppress(RuleError):
        parse_rows(SPRINT, *parse_json_rows(text))
