"""`lab restore`: put a backup in the database's place."""

from pathlib import Path
from typing import Annotated

import typer


def restore(
    file: Annotated[Path, typer.Argument(help="What `lab backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Check a backup and put it in the database's place; what was there is kept beside it (SQLite)."""
    from lab_controller.backups import check_restorable, restore_backup
    from lab_controller.cli._settings import load_settings, tell_errors

    settings = load_settings()
    with tell_errors():
        check_restorable(settings.store_url, file)
        if not yes:
            typer.confirm("Replace the lab's database with this backup?", abort=True)
        restored = restore_backup(settings.store_url, file)
    typer.echo(
        f"Restored from {file}, {restored.verified} verified."
        + (f" The database before it is {restored.kept}." if restored.kept else "")
    )


def register(app: typer.Typer) -> None:
    app.command("restore")(restore)
