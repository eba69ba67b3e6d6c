"""`lab verify FILE`: check an exported championship log with no database."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from lab_controller.championships.log import LONGEST_LINE, Problem, verify_lines

REASONS = {
    "after_end": "there is text after the line that ends the log",
    "count": "the end line states {stated} records, the file holds {found}",
    "cut": "the file ends after {records} records, before the line that ends the log",
    "empty": "the file is empty",
    "fields": "the fields of a record are missing, unknown or of the wrong type",
    "hash": "the line states the hash {stated}, its content gives {computed}",
    "header": "the header was changed: it does not belong to the championship that it names",
    "long": "the line is longer than {limit} bytes",
    "not_a_log": "this is not the header of a championship log",
    "not_canonical": "the line says the same in other bytes than those that were exported",
    "not_json": "the line is not JSON",
    "not_utf8": "byte {byte} is not UTF-8",
    "other_head": "the log ends with the hash {found}, not with {expected}",
    "prev_hash": "the record follows {found}, but the one before it is {expected}",
    "seq": "record {expected} is expected here, record {found} is found: lines are missing or swapped",
    "torn": "the line has no line end: the file was cut inside it",
    "voids": "the record voids {voids}, which does not come before it",
}


def verify(
    file: Annotated[Path, typer.Argument(help="An exported log, or - for standard input.")],
    head: Annotated[
        str, typer.Option("--hash", help="The last hash as the board or a printed protocol shows it.")
    ] = "",
) -> None:
    """Check an exported championship log: every byte, every record, their order and the end."""
    try:
        with nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb") as source:
            report = verify_lines(_iter_lines(source))
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    problem = report.problem
    if problem is None and not report.head.startswith(head.rstrip("…").lower()):
        problem = Problem(report.records + 2, "other_head", {"found": report.head, "expected": head})
    if problem is not None:
        typer.echo(f"{file}: line {problem.line}: {_sentence(problem.code, problem.params)}", err=True)
        typer.echo(
            f"{report.records} records before it are good, up to the hash {report.head or '-'}", err=True
        )
        raise typer.Exit(1)
    typer.echo(
        f"{report.championship}: {report.records} records, every hash holds; the last is {report.head}"
    )


def _iter_lines(source: BinaryIO) -> Iterator[bytes]:
    while line := source.readline(LONGEST_LINE + 2):
        yield line


def _sentence(code: str, params: dict[str, Any]) -> str:
    return f"{REASONS[code].format_map(params)} [{code}]"


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)
