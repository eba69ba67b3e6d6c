"""`lab upload`: put a program onto a kit."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lab_controller.cli._api import Api

LOOK_S = 0.3
GOING_ON = ("queued", "preparing", "running")


def upload(
    device: Annotated[str, typer.Argument(help="Its id, as `lab devices` tells it.")],
    file: Annotated[Path, typer.Argument(help="The program.")],
    slot: Annotated[
        int | None,
        typer.Option(help="The place on a kit that has several, as its own screen counts: 1 to 8 on a VEX."),
    ] = None,
    run: Annotated[bool, typer.Option("--run/--no-run", help="Start it at once.")] = True,
    follow: Annotated[
        bool, typer.Option("--follow", help="Wait for the end; status 1 unless it is good.")
    ] = False,
) -> None:
    """Send a program; with --follow tell every stage. Ctrl+C cancels what is followed."""
    from lab_controller.cli._api import open_api, quoted

    try:
        data = file.read_bytes()
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    fields = {"run": "true" if run else "false"}
    with open_api() as api:
        if slot is not None:
            fields["slot"] = str(count_from_0(api, device, slot))
        job = api.upload(f"/devices/{quoted(device)}/uploads", file.name, data, fields)
        typer.echo(f"job {job['id']}: {job['state']}")
        if follow:
            end = watch(api, job)
            if end["state"] != "succeeded":
                typer.echo(
                    f"lab: {end['sentence'] or end['state']} [{end['code'] or end['state']}]", err=True
                )
                raise typer.Exit(1)


def count_from_0(api: "Api", device: str, slot: int) -> int:
    """The place that the kit itself calls `slot`, as the lab counts. Raises Refused `no_such_slot`."""
    from lab_controller.cli._api import Refused, quoted

    takes = api.get(f"/devices/{quoted(device)}")["programs"] or {"first_slot": 0, "slots": 0}
    first, slots = takes["first_slot"], takes["slots"]
    if not first <= slot < first + slots:
        places = f"its places are {first} to {first + slots - 1}" if slots else "it has only one"
        raise Refused("no_such_slot", f"{device} has no place {slot}: {places}")
    return int(slot - first)


def watch(api: "Api", job: dict[str, Any]) -> dict[str, Any]:
    """Tell each stage until the job is over, or waits for somebody."""
    told = ""
    try:
        while True:
            job = api.get(f"/jobs/{job['id']}")
            share = f" {100 * job['done'] // job['total']} %" if job["total"] else ""
            now = f"{job['state']} {job['stage']}{share}".strip()
            if now != told:
                typer.echo(now)
                told = now
            if job["state"] not in GOING_ON:
                return job
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        api.post(f"/jobs/{job['id']}/cancel", {})
        typer.echo("The upload is being cancelled.", err=True)
        raise


def register(app: typer.Typer) -> None:
    app.command("upload")(upload)
