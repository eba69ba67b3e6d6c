"""`lab console`: read what a kit's program prints, and write to it."""

import sys
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab_controller.cli._api import Api

LOOK_S = 0.2


def console(
    device: Annotated[str, typer.Argument(help="Its id, as `lab devices` tells it.")],
    chunks: Annotated[int, typer.Option(min=1, max=500, help="How much of what was printed before.")] = 20,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Go on until Ctrl+C.")] = True,
) -> None:
    """Print a kit's console; each line that is typed goes to its program."""
    from lab_controller.cli._api import open_api, quoted

    with open_api() as api:
        path = f"/devices/{quoted(device)}"
        last = show(api, path, limit=chunks)
        if not follow:
            return
        threading.Thread(target=write, args=(api, path), daemon=True).start()
        try:
            while True:
                time.sleep(LOOK_S)
                last = show(api, path, after=last)
        except KeyboardInterrupt:
            typer.echo("")


def show(api: "Api", path: str, *, after: int | None = None, limit: int | None = None) -> int:
    """Print what is new; gives the last chunk's id."""
    for chunk in api.get(f"{path}/console", after=after, limit=limit)["items"]:
        sys.stdout.write(chunk["text"])
        if chunk["skipped"]:
            sys.stdout.write(f"\n[{chunk['skipped']} characters were too many]\n")
        after = chunk["id"]
    sys.stdout.flush()
    return after or 0


def write(api: "Api", path: str) -> None:
    """Lines from the keyboard to the program."""
    from lab_controller.cli._api import Refused

    for line in sys.stdin:
        try:
            api.post(f"{path}/properties/console/send", {"value": line})
        except Refused as refused:
            typer.echo(f"lab: {refused} [{refused.code}]", err=True)


def register(app: typer.Typer) -> None:
    app.command("console")(console)
