"""`lab migrate`: bring the database to this version's shape (`lab serve` does it too)."""

import typer


def migrate() -> None:
    """Create or change the tables; nothing happens if they are as they should be."""
    from lab_controller.cli._settings import load_settings
    from lab_controller.database import Database

    database = Database(load_settings().store_url)
    typer.echo(f"The database is at revision {database.migrate()}.")
    database.close()


def register(app: typer.Typer) -> None:
    app.command("migrate")(migrate)
