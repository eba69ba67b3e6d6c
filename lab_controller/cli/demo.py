"""`lab demo`: the whole lab with virtual gates and a championship in progress."""

import asyncio
import socket
import sys
import tempfile
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import segno
import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from lab_controller.cli._stopping import end_like_ctrl_c
from lab_controller.demo.accounts import ACCOUNTS, ROOM
from lab_controller.demo.contests import DRAG, LINE
from lab_controller.demo.show import Show
from lab_controller.lab import Lab
from lab_controller.logs import configure_logs
from lab_controller.network import find_lan_address
from lab_controller.settings import Settings
from web.app import create_app
from web.live.server import LiveServer


def demo(
    port: Annotated[int, typer.Option(help="Where the pages are served.")] = 8000,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep the demo's data here and go on with it.")
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the board in a browser.")
    ] = True,
) -> None:
    """Show a championship in progress on virtual gates, with accounts to sign in with."""
    end_like_ctrl_c()
    with ExitStack() as stack:
        folder = data_dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        listening = stack.enter_context(_listen(port))
        settings = Settings(
            data_dir=folder,
            host="0.0.0.0",  # noqa: S104  as `_listen` does
            port=listening.getsockname()[1],
            room=ROOM,
            mqtt_host="127.0.0.1",
            mqtt_port=0,
            log_level="warning",
        )
        configure_logs(settings.log_format, settings.log_level)
        try:
            asyncio.run(_show(settings, listening, open_browser and sys.stdout.isatty()))
        except KeyboardInterrupt:
            typer.echo("The demo is over.")


async def _show(settings: Settings, listening: socket.socket, open_browser: bool) -> None:
    async with Lab.open(settings, embedded_agent=False) as lab, Show(lab, settings.data_dir).open():
        config = uvicorn.Config(create_app(lab), log_config=None, timeout_graceful_shutdown=2)
        _say_where(settings.port)
        if open_browser:
            webbrowser.open(f"http://127.0.0.1:{settings.port}/board/{LINE}")
        # In a task of its own, at whose end uvicorn interrupts us: closing the lab is not cut short by that.
        await asyncio.create_task(LiveServer(config).serve(sockets=[listening]))


def _listen(port: int) -> socket.socket:
    """A listening socket at the wanted port, or at a free one if another program holds that."""
    try:
        return socket.create_server(("", port))
    except OSError:
        return socket.create_server(("", 0))


def _say_where(port: int) -> None:
    console = Console()
    address = find_lan_address() or "127.0.0.1"
    board = f"http://{address}:{port}/board/{LINE}"
    places = Table(show_header=False, box=None, padding=(0, 2))
    places.add_row("The board", f"http://127.0.0.1:{port}/board/{LINE}")
    places.add_row("in the hall", f"http://127.0.0.1:{port}/board/{LINE}?hall=1")
    places.add_row("Drag race", f"http://127.0.0.1:{port}/board/{DRAG}")
    places.add_row("Judges", f"http://127.0.0.1:{port}/judge/{LINE}")
    places.add_row("Kits of the room", f"http://127.0.0.1:{port}/rooms/{ROOM}")
    places.add_row("Devices", f"http://127.0.0.1:{port}/devices")
    places.add_row("API", f"http://127.0.0.1:{port}/openapi.json")
    people = Table("account", "password", "role", box=None, padding=(0, 2))
    for account in ACCOUNTS:
        people.add_row(account.login, account.password, account.role)
    console.print("\n[bold]A championship is in progress.[/]\n")
    console.print(places)
    console.print()
    console.print(people)
    console.print(f"\nOn a phone in this network: {board}\n")
    segno.make(board, error="m").terminal(compact=True)
    console.print("Ctrl+C ends it.")


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)
