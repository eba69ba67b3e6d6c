"""Settings for a command, or a plain word about the variable that is wrong."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError

from lab_controller.documents import find_document
from lab_controller.errors import LabError
from lab_controller.logs import configure_logs
from lab_controller.settings import Settings


def load_settings() -> Settings:
    """Read LAB_* and begin to log as they say; a wrong one is named, with exit status 2."""
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            name = "LAB_" + "_".join(str(part) for part in problem["loc"]).upper()
            typer.echo(
                f"{name}: {problem['msg']} (it is {problem['input']!r}); see {find_document('settings.md')}",
                err=True,
            )
        raise typer.Exit(2) from None
    configure_logs(settings.log_format, settings.log_level)
    return settings


@contextmanager
def tell_errors() -> Iterator[None]:
    """Tell what went wrong and what to do, in the language of the terminal, with exit status 1."""
    try:
        yield
    except LabError as error:
        from web.sentences import explain_code

        language = os.environ.get("LANG", "").partition("_")[0]
        told = explain_code(error.code, error.params, language if language in ("kk", "ru") else "en")
        typer.echo(f"lab: {told} [{error.code}]", err=True)
        raise typer.Exit(1) from error
