"""`lab verify FILE` as a person runs it."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lab_controller.championships.log import chain, export_lines
from lab_controller.cli import verify

SLUG = "almaty-2026"


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    verify.register(app)
    return app


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    entries = [
        {"at_us": n, "actor": "a", "source": "web", "kind": "run_opened", "payload": {"n": n}, "voids": None}
        for n in range(3)
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(export_lines(SLUG, chain(SLUG, entries))), encoding="utf-8")
    return path


def test_a_good_log_is_accepted_with_its_last_hash(app: typer.Typer, log_file: Path) -> None:
    result = CliRunner().invoke(app, [str(log_file)])
    assert result.exit_code == 0
    assert result.stdout.startswith("almaty-2026: 3 records, every hash holds; the last is ")


def test_a_log_is_read_from_standard_input(app: typer.Typer, log_file: Path) -> None:
    assert CliRunner().invoke(app, ["-"], input=log_file.read_bytes()).exit_code == 0


def test_a_changed_digit_is_refused_with_line_and_reason(app: typer.Typer, log_file: Path) -> None:
    log_file.write_text(log_file.read_text().replace('"payload":{"n":1}', '"payload":{"n":7}'))
    result = CliRunner().invoke(app, [str(log_file)])
    assert result.exit_code == 1
    assert "line 3: the line states the hash" in result.stderr
    assert "1 records before it are good" in result.stderr


def test_a_cut_tail_is_refused(app: typer.Typer, log_file: Path) -> None:
    log_file.write_bytes(b"".join(log_file.read_bytes().splitlines(keepends=True)[:3]))
    result = CliRunner().invoke(app, [str(log_file)])
    assert result.exit_code == 1
    assert "line 4: the file ends after 2 records" in result.stderr


def test_a_log_rewritten_as_a_whole_does_not_match_the_printed_hash(app: typer.Typer, log_file: Path) -> None:
    head = CliRunner().invoke(app, [str(log_file)]).stdout.split()[-1]
    assert CliRunner().invoke(app, [str(log_file), "--hash", head[:8]]).exit_code == 0
    refused = CliRunner().invoke(app, [str(log_file), "--hash", "0" * 8])
    assert refused.exit_code == 1
    assert "not with 00000000" in refused.stderr


def test_a_missing_file_is_told_apart_from_a_broken_one(app: typer.Typer, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, [str(tmp_path / "none.jsonl")]).exit_code == 2


def test_every_problem_that_the_check_can_raise_has_a_sentence() -> None:
    source = Path(verify.__file__).parents[1] / "championships" / "log.py"
    raised = {piece.split('"')[1] for piece in source.read_text().split("_Broken(")[1:] if piece[0] == '"'}
    assert raised <= verify.REASONS.keys()
