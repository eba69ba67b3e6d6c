"""`lab timers`: race timers as TOML files, and what a recorded session means by one."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_timers() -> None:
    """The timers that the lab knows, and those in the folder `timers` of the data folder."""
    from devices.kits.race_timer.profiles import Timers
    from lab_controller.cli._settings import load_settings

    timers = Timers(load_settings().timers_dir)
    own = {file.stem: file for file in timers.files}
    for name, profile in timers.load().items():
        typer.echo(f"{name:12} {profile.name} ({own.get(name, profile.source)})")


@app.command("try")
def try_session(
    profile: Annotated[Path, typer.Argument(help="A timer's TOML file, or the name of a known one.")],
    session: Annotated[Path, typer.Argument(help="What a timer said, as it was recorded.")],
    lanes: Annotated[str, typer.Option(help="The lanes that raced, such as 1,2,4; all by default.")] = "",
) -> None:
    """Show what each line of a recorded session means; a line that begins with `>` was said by the computer.

    The status is 1 if something was not understood.
    """
    from devices.kits.race_timer.profiles import Timers
    from devices.protocols.race_session import NotUnderstood, RaceSession
    from devices.protocols.race_timer import ProfileError, parse_profile
    from lab_controller.cli._settings import load_settings

    try:
        known = Timers(load_settings().timers_dir).load().get(str(profile))
        told = known or parse_profile(_read(profile).decode("utf-8", "replace"))
    except ProfileError as error:
        typer.echo(f"{profile}: {error}", err=True)
        raise typer.Exit(2) from None
    numbers = [int(lane) for lane in lanes.split(",") if lane.strip().isdecimal()]
    if not all(1 <= lane <= told.lanes for lane in numbers):
        typer.echo(f"This timer has lanes 1 to {told.lanes}.", err=True)
        raise typer.Exit(2)
    race = RaceSession(told, numbers)
    missed = 0
    for line in _read(session).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b">"):
            typer.echo(f"{line.decode('ascii', 'replace'):40} asked")
            continue
        for event in race.feed(line + b"\n"):
            missed += isinstance(event, NotUnderstood)
            typer.echo(f"{line.decode('ascii', 'replace').strip()[:40]:40} {_describe(event)}")
    if missed:
        typer.echo(f"{missed} not understood", err=True)
        raise typer.Exit(1)


def _describe(event: object) -> str:
    from devices.protocols import race_session as meant

    match event:
        case meant.Identified():
            return "identified"
        case meant.Armed(lanes=lanes):
            return f"armed, {lanes} lanes" if lanes else "armed"
        case meant.Started():
            return "started"
        case meant.LaneTime(lane=lane, us=None):
            return f"lane {lane}: did not finish"
        case meant.LaneTime(lane=lane, us=int(us), resolution_us=step):
            decimals = 7 - len(str(step))
            return f"lane {lane}: {us / 1e6:.{decimals}f} s"
        case meant.Finished():
            return "finished"
        case meant.GateState(state=state):
            return f"start gate {state}"
    return "NOT UNDERSTOOD"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        typer.echo(f"{path} cannot be read: {error.strerror}", err=True)
        raise typer.Exit(2) from None


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="timers")
