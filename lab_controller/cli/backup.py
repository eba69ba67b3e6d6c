"""`lab backup`: save the database into one file while the lab runs."""

from pathlib import Path
from typing import Annotated

import typer


def backup(
    to: Annotated[Path | None, typer.Argument(help="A new file; else one in the data folder.")] = None,
) -> None:
    """Save everything that is committed at this moment, and verify it before saying so."""
    from lab_controller.backups import save_backup
    from lab_controller.cli._settings import load_settings, tell_errors

    settings = load_settings()
    ending = "sqlite3" if settings.store_url.startswith("sqlite") else "pgdump"
    with tell_errors():
        report = save_backup(settings.store_url, to or _dated(settings.data_dir / "backups", ending))
    checked = f"{report.verified} verified" if report.verified else "read through, not of this version"
    typer.echo(f"{report.path}: {report.size_bytes:,} bytes, {checked}")


def _dated(folder: Path, ending: str) -> Path:
    from datetime import UTC, datetime

    return folder / f"lab-{datetime.now(UTC):%Y%m%d-%H%M%S}.{ending}"


def register(app: typer.Typer) -> None:
    app.command("backup")(backup)
