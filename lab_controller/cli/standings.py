"""`lab standings`: rank a file of results by a discipline file, with no database."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


def standings(
    discipline: Annotated[Path, typer.Option(help="A discipline file (TOML).")],
    results: Annotated[Path, typer.Option(help="Results: CSV, XLSX or JSON.")],
    output: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Rank results by any discipline file: how an organiser tries a rule."""
    from competitions.aggregation import aggregate
    from competitions.disciplines.examples import check_examples
    from competitions.placing import rank
    from competitions.shapes import plain
    from lab_controller.standings.files import FileRefused, load_results, load_rules
    from lab_controller.standings.formats import format_json, format_table

    try:
        rules = load_rules(discipline)
        for each in check_examples(rules):
            typer.echo(
                f"{discipline}: example {each.example!r} does not hold: "
                f"{each.subject} should give {plain(each.expected)}, gives {plain(each.got)}",
                err=True,
            )
        teams = load_results(rules, results).teams
    except FileRefused as refused:
        typer.echo("\n".join(refused.lines), err=True)
        raise typer.Exit(refused.exit_code) from None
    table = rank(
        (aggregate(rules, team, attempts) for team, attempts in teams.items()), rules.ranking, rules.tie
    )
    typer.echo(format_json(rules, table) if output is Format.JSON else format_table(rules, table))


def register(app: typer.Typer) -> None:
    app.command("standings")(standings)
