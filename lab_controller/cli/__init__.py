"""The `lab` command: one module of this folder for each subcommand, read only when it is called."""

import ast
import importlib
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from lab_controller.documents import find_document

FOLDER = Path(__file__).parent


def _modules() -> dict[str, Path]:
    files = sorted(FOLDER.glob("[a-z]*.py"))
    return {file.stem.replace("_", "-"): file for file in files}


def _summary(file: Path) -> str:
    """What comes after the command's name in the first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    summary = text.partition("\n")[0].rpartition("`: ")[2].strip().removesuffix(".")
    return summary[:1].upper() + summary[1:]


class Commands(TyperGroup):
    """Lists the folder; a command's module is imported when it runs, so that `lab --help` is quick."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_modules())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        file = _modules().get(cmd_name)
        if file is None:
            return None
        app = typer.Typer(add_completion=False)
        importlib.import_module(f"lab_controller.cli.{file.stem}").register(app)
        command = get_command(app)
        # An area that registers a group of its own hides one level below the group made here.
        inner = getattr(command, "commands", {}).get(cmd_name)
        return inner or command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(file)) for name, file in _modules().items()])


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Kits, timing gates and championships of a school robotics room, from one laptop to a city.",
    epilog=f"\b\nSettings are LAB_* variables:\n{find_document('settings.md')}",
)


@app.callback()
def lab() -> None:
    """Every command explains itself: `lab COMMAND --help`."""
