"""`lab standings`: a table from two files, and a clear word for a bad one."""

import ast
import json
import textwrap
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from competitions import disciplines, errors
from competitions.disciplines import iter_disciplines
from lab_controller.championships import sheets
from lab_controller.cli import standings
from lab_controller.standings.sentences import REASONS
from tests.competitions.benches import discipline_text

SHEET = """team;attempt;time;status
Aqqu;1;12,483;
Aqqu;2;1:02.5;
Bürkit;1;;DNF
Bürkit;2;12,4832;
Sunqar;1;13;
"""
COLUMNS = "attempt, best_lap, bound, laps, status, team, time"
TABLE = """Line following, B, version 1
place  team    result   1       2         3
1=     Aqqu    12.483   12.483  1:02.500
1=     Bürkit  12.4832  DNF     12.4832
3      Sunqar  13.000   13.000
"""


class Lab:
    def __init__(self, folder: Path) -> None:
        self.rules = folder / "rules.toml"
        self.results = folder / "results.csv"
        self.rules.write_text(next(d.text for d in iter_disciplines() if d.id == "line_following_b"), "utf-8")

    def standings(self, results: bytes | str, *more: str) -> tuple[int, str, str]:
        self.results.write_bytes(results if isinstance(results, bytes) else results.encode())
        app = typer.Typer()
        standings.register(app)
        done = CliRunner().invoke(
            app,
            ["--discipline", str(self.rules), "--results", str(self.results), *more],
            catch_exceptions=False,
        )
        return done.exit_code, done.stdout, done.stderr.replace(str(self.results), "FILE")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        SHEET.encode(),
        SHEET.encode("utf-8-sig"),
        SHEET.replace("\n", "\r").encode(),
        SHEET.replace("\n", "\r\n").encode(),
        SHEET.encode("utf-16"),
        SHEET.replace(",", ".").replace(";", ",").encode(),
        SHEET.replace(";", "\t").encode(),
    ],
    ids=["plain", "bom", "bare-cr", "crlf", "utf-16", "commas", "tabs"],
)
def test_the_same_sheet_in_any_dialect_gives_the_same_table(lab: Lab, data: bytes) -> None:
    assert lab.standings(data) == (0, TABLE, "")


def test_json_in_and_json_out(lab: Lab) -> None:
    code, out, _ = lab.standings(
        '[{"team": "A", "attempts": ["DNF", 12.5]}, {"team": "B"}]', "--format", "json"
    )
    told = json.loads(out)
    nothing = {"score": None, "laps": None, "best_lap_us": None}
    finish = {"status": "OK", "value_us": 12_500_000, "bound_us": 0, **nothing}
    missed = {"status": "DNF", "value_us": None, "bound_us": 0, **nothing}
    assert code == 0
    assert told["discipline"]["id"] == "line_following_b"
    assert told["standings"] == [
        {
            "place": 1, "team": "A", "tied": False, "unresolved": False, "due": None, "status": "OK",
            "result": finish, "counted": [2], "keys": [{"value": 12_500_000, "bound": 0}],
            "attempts": [missed, finish, None],
        },
        {
            "place": None, "team": "B", "tied": False, "unresolved": False, "due": None, "status": None,
            "result": None, "counted": [], "keys": [], "attempts": [None, None, None],
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "FILE: the file is empty [import_empty]\n"),
        (b"team,time\nA,=1+1\n",
         "FILE: row 2, column time: the cell holds a formula; paste the values instead [formula]\n"),
        (b"team,time\nA,12,483\n",
         "FILE: row 2: the row has more than 2 cells; is a decimal comma unquoted? [too_many_cells]\n"),
        (b"team,time\nA,-5\n",
         "FILE: row 2, column time: '-5' is not a time; write 12.483, 12,483 or 1:02.5 [bad_time]\n"),
        (b"team,attempt,time\nA,4,9\nB,1,\nC,x,1\n",
         "FILE: row 2, column attempt: the discipline has 3 attempts [no_such_attempt]\n"
         "FILE: row 4, column attempt: 'x' is not a whole number [bad_number]\n"),
        (b"name,points\nA,1\n",
         f"FILE: row 1, column name: the column is unknown; known are {COLUMNS} [unknown_column]\n"
         f"FILE: row 1, column points: the column is unknown; known are {COLUMNS} [unknown_column]\n"
         "FILE: row 1, column team: there is no column with this name [no_team_column]\n"
         "FILE: row 1: there is no column time or status, and no column 1, 2, 3 [no_result_column]\n"),
        (b"[{", "FILE: this is not JSON: Expecting property name enclosed in double quotes: line 1 column 3 "
         "(char 2) [json_syntax]\n"),
        (b'[{"team": "A", "time": 1}, 5]',
         "FILE: row 2: a result is an object with a team, and a time, a status or attempts [json_shape]\n"),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_row_by_row_and_gives_no_table(lab: Lab, data: bytes, message: str) -> None:
    assert lab.standings(data) == (1, "", message)


def test_a_bad_discipline_is_told_with_its_place(lab: Lab) -> None:
    lab.rules.write_text(discipline_text('tie = "coin"'), "utf-8")
    code, out, err = lab.standings("team,time\nA,1\n")
    assert (code, out) == (2, "")
    assert err.endswith(
        "rules.toml: tie: 'coin' is not one of share, rematch, judge, draw [unknown_choice]\n"
    )


def test_a_file_that_is_not_there_is_told(lab: Lab) -> None:
    lab.rules.unlink()
    code, _, err = lab.standings("team,time\nA,1\n")
    assert (code, err.endswith("rules.toml: No such file or directory\n")) == (2, True)


def test_an_example_that_does_not_hold_is_told_beside_the_table(lab: Lab) -> None:
    example = (
        '[[examples]]\nname = "wrong"\nrows = [{ entry = "A", place = 2, attempts = [{ time_s = 1 }] }]\n'
    )
    lab.rules.write_text(discipline_text() + example, "utf-8")
    code, out, err = lab.standings("team,time\nA,1\n")
    assert (code, "A" in out) == (0, True)
    assert "example 'wrong' does not hold: A should give [2, False], gives [1, False]" in err


def test_every_code_that_can_reach_the_command_has_its_sentence() -> None:
    rules = Path(disciplines.__file__).parent
    beside = Path(errors.__file__).parent
    read = ("expressions", "measurements", "result_json", "result_rows")
    sources = [*rules.glob("*.py"), *(beside / f"{name}.py" for name in read), Path(sheets.__file__)]
    told_at = {"_mistake": 2, "mistake": 1} | dict.fromkeys(
        ("Invalid", "RuleError", "DisciplineError", "ExpressionError"), 0
    )
    codes = set()
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                code = node.args[told_at[called]] if called in told_at else None
                if isinstance(code, ast.Constant):
                    codes.add(code.value)
    assert {"bad_time", "toml_syntax", "import_empty", "out_of_range"} <= codes
    assert codes - REASONS.keys() == set()


def test_what_the_manual_shows_works(lab: Lab) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "disciplines.md").read_text("utf-8")
    lab.rules.write_text(manual.split("```toml\n")[1].split("```")[0], "utf-8")
    sheet = textwrap.dedent(manual.split("time or a status:\n\n")[1].split("\n\n")[0])
    code, out, err = lab.standings(sheet)
    assert (code, [line.split()[:3] for line in out.splitlines()[2:]], err) == (
        0,
        [["1", "Aqqu", "12.483"], ["2", "Bürkit", "13.900"]],
        "",
    )
    assert lab.standings(manual.split("```json\n")[1].split("```")[0])[::2] == (0, "")
