"""`lab rebuild SLUG`: fold a championship's log anew and compare that with what is shown."""

from typing import Annotated

import typer


def rebuild(slug: Annotated[str, typer.Argument(help="The championship, as in its address.")]) -> None:
    """Make what a running lab shows of a championship anew; status 1 if it was something else."""
    from lab_controller.cli._api import open_api, quoted

    with open_api() as api:
        told = api.post(f"/championships/{quoted(slug)}/rebuild", {})
    log = f"the log: {told['records']} records up to the hash {told['hash']}"
    if not told["equal"]:
        typer.echo(f"{slug}: what was shown did not follow from {log}. It does now.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{slug}: what is shown follows from {log}")


def register(app: typer.Typer) -> None:
    app.command("rebuild")(rebuild)
