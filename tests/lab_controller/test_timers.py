"""`lab timers`: a school reads its own timer's session with no program of its own."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab_controller.cli import app

SESSIONS = Path(__file__).parents[1] / "devices" / "kits" / "sessions"


OWN = SESSIONS / "own_timer.toml"


@pytest.fixture(autouse=True)
def school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the school puts its timers; not there yet."""
    monkeypatch.setenv("LAB_DATA_DIR", str(tmp_path / "lab"))
    return tmp_path / "lab" / "timers"


def lab(*arguments: object) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    return result.exit_code, result.output.splitlines()


@pytest.mark.parametrize("name", ["fasttrack", "derbytimer", "bert_drake"])
def test_a_recorded_session_is_understood_line_by_line(name):
    status, lines = lab("timers", "try", name, SESSIONS / f"{name}.txt")
    assert status == 0
    assert any(line.endswith("identified") for line in lines)
    assert any(line.endswith("started") for line in lines)
    assert any(line.endswith("did not finish") for line in lines)


def test_what_is_not_understood_is_shown_and_counted(tmp_path):
    session = tmp_path / "session.txt"
    session.write_bytes(b"READY 2 LANES\r\nBANANA\r\n1 3.25\r\n")
    status, lines = lab("timers", "try", "derbytimer", session)
    assert status == 1
    assert [line.split("  ")[-1].strip() for line in lines] == [
        "armed, 2 lanes",
        "NOT UNDERSTOOD",
        "lane 1: 3.25 s",
        "1 not understood",
    ]


def test_lanes_that_did_not_race_are_not_missed():
    _, lines = lab("timers", "try", "supertimer", SESSIONS / "supertimer.txt", "--lanes", "1,2,3,4")
    assert [line for line in lines if "did not finish" in line] == [lines[-2]]


@pytest.mark.parametrize(
    ("profile", "said"),
    [("nowhere.toml", "cannot be read"), ("bad.toml", "probe: is not what belongs here")],
)
def test_a_profile_that_cannot_be_used_says_why(tmp_path, profile, said):
    (tmp_path / "bad.toml").write_text('name = "X"\nprobe = 3\n')
    status, lines = lab("timers", "try", tmp_path / profile, SESSIONS / "fasttrack.txt")
    assert status == 2
    assert said in lines[-1]


def test_the_schools_timers_are_listed_and_known_by_name(school):
    before = lab("timers", "list")[1]
    school.mkdir(parents=True)
    shutil.copy(OWN, school / "my_timer.toml")
    status, lines = lab("timers", "list")
    assert (status, lines) == (0, [*before, f"my_timer     My timer ({school / 'my_timer.toml'})"])
    session = school / "session.txt"
    session.write_bytes(b"My Timer\r\n1 3.25\r\n")
    assert lab("timers", "try", "my_timer", session)[0] == 0


def test_a_bad_file_of_the_school_is_named_with_its_line_and_the_others_are_listed(school):
    before = lab("timers", "list")[1]
    school.mkdir(parents=True)
    (school / "bad.toml").write_text('name = "X"\nprobe = 3\n')
    status, lines = lab("timers", "list")
    assert status == 0
    assert lines[-len(before) :] == before
    assert f"{school / 'bad.toml'}: line 2, probe: is not what belongs here" in " ".join(lines)
