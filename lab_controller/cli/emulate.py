"""`lab emulate`: play a kit at the far end of a serial port, which any program can open."""

import asyncio
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer


def emulate(
    kit: Annotated[str, typer.Argument(help="A kit's id; without one, all ids are listed.")] = "",
    link: Annotated[Path | None, typer.Option(help="A name for the port that is the same each time.")] = None,
) -> None:
    """Play a kit until it is interrupted; the port's path is the first line that is printed."""
    from devices.registry import iter_kits

    kits = {each.id: each for each in iter_kits()}
    if not kit:
        for each in kits.values():
            typer.echo(f"{each.id:16} {each.load_translations()['kit']['en']}")
        return
    if kit not in kits:
        typer.echo(f"No kit is called {kit}: `lab emulate` lists them all.", err=True)
        raise typer.Exit(2)
    asyncio.run(_play(kit, link))
    typer.echo("The kit is unplugged.")


async def _play(kit: str, link: Path | None) -> None:
    from devices.clock import MonotonicClock
    from devices.registry import iter_kits
    from devices.transports.pty import plug_in

    kind = next(each for each in iter_kits() if each.id == kit)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # A name that stays: some kits leave for a moment when they take a program.
    with (
        tempfile.TemporaryDirectory(prefix="lab-") as folder,
        plug_in(kind.emulator(MonotonicClock()), link or Path(folder, kit)) as server,
    ):
        typer.echo(server.path)
        typer.echo(f"Give it to the lab as LAB_SERIAL_PORTS={server.path}={kit}; Ctrl-C pulls the cable.")
        await stopped.wait()


def register(app: typer.Typer) -> None:
    app.command("emulate")(emulate)
