"""`lab devices`: every kit, gate and agent that the lab knows, and what is wrong with it."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

WIDE = 240
MARKS = {"good": "ok", "bad": "WRONG", "off": "off"}


def devices(
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as arduino-uno.")] = None,
    room: Annotated[str | None, typer.Option(help="Only this room.")] = None,
    state: Annotated[str | None, typer.Option(help="Only this state, such as ready.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for a program.")] = False,
) -> None:
    """List devices with their room, owner, battery, port and problems.

    On another machine set LAB_URL and LAB_TOKEN.
    """
    from rich.console import Console
    from rich.table import Table

    from lab_controller.cli._api import open_api

    with open_api() as api:
        found = list(api.pages("/devices", kind=kind, room=room, state=state))
    if as_json:
        for device in found:
            typer.echo(json.dumps(device, ensure_ascii=False))
        return
    heads = ("device", "kind", "name", "room", "owner", "battery", "port", "state", "")
    table = Table(*heads, box=None, pad_edge=False, header_style="dim")
    for device in found:
        codes = ", ".join(problem["code"] for problem in device["problems"])
        table.add_row(
            *(device[name] or "-" for name in ("id", "kind", "name", "room")),
            device["holder_name"] or ("somebody" if device["holder"] else "-"),
            _tell_battery(device["battery"]),
            *(device[name] or "-" for name in ("port", "state")),
            f"{MARKS[device['health']]} {codes}".strip(),
        )
    # A file or another program gets each device on one line.
    width = None if sys.stdout.isatty() else WIDE
    Console(markup=False, highlight=False, width=width).print(table)


def _tell_battery(battery: Mapping[str, float | None] | None) -> str:
    match battery:
        case {"percent": float(percent)}:
            return f"{percent:.0f} %"
        case {"voltage": float(volts)}:
            return f"{volts:.1f} V"
    return "-"


def register(app: typer.Typer) -> None:
    app.command("devices")(devices)
