"""`lab doctor`: look at everything that commonly goes wrong on this machine."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer

SENTENCES = {
    "folder_not_writable": "{folder} cannot be written ({problem}): set LAB_DATA_DIR or its rights",
    "disk_free": "{free_gb} GB free in {folder}",
    "database_unusable": "the database cannot be used: {problem}",
    "database_away": "the database does not answer: check LAB_DATABASE_URL",
    "database_old": "the database has another version's shape, or none yet: run `lab migrate`",
    "database_damaged": "the database file is damaged ({problem}): restore a backup with `lab restore`",
    "commit_time": "a commit takes {median_ms} ms",
    "clock_in_the_past": "the host's clock says {date}: set it, or connect a time server",
    "clock_stepped": "the host's clock was changed by {step_s} s while the lab ran ({at} by the lab's own "
    "time): runs are not touched; connect a time server, and start the lab again after the last run",
    "clock_was_ahead": "when the lab started ({at}), its newest record was {ahead_s} s ahead of the host's "
    "clock: the lab goes by the host's clock; look whether its date is right, and connect a time server",
    "clock_synchronised": "the host's clock follows a time server",
    "clock_plausible": "the host's clock is plausible; no time server is known to set it",
    "port_missing": "{port} is not there: plug it in, or correct LAB_SERIAL_PORTS",
    "port_forbidden": "{port} may not be opened: add this user to the group {group} and sign in again, or "
    "install the rules that `lab doctor --udev` prints",
    "port_held": "{port} is open in {holder}: close that program",
    "port_free": "{port} can be opened",
    "ports_none": "no serial ports",
    "modem_manager_runs": "ModemManager takes new serial ports for modems: remove it, or install the rules "
    "that `lab doctor --udev` prints",
    "modem_manager_kept_off": "ModemManager runs, and the kits' udev rules keep it off their ports",
    "modem_manager_absent": "no ModemManager that would take ports",
    "avrdude_found": "{path} puts programs onto an Arduino Mega, Leonardo or Micro",
    "avrdude_missing": "no avrdude: an Arduino Mega, Leonardo or Micro takes no programs from this machine "
    "(apt-get install avrdude)",
    "nbc_found": "{path} compiles NXC and NBC sources for a LEGO NXT",
    "nbc_missing": "no nbc: a LEGO NXT takes no .nxc and .nbc sources from this machine, only compiled "
    "programs (apt-get install nbc)",
    "broker_port_free": "port {port} is free for the embedded broker",
    "broker_port_taken": "port {port} answers already: the lab runs, or another broker (set LAB_MQTT_PORT)",
    "broker_answers": "the broker {host}:{port} lets {username} in",
    "broker_in_use": "this machine is connected to the broker {host}:{port}; a second sign-in as {username} "
    "would end that, so none was tried",
    "broker_refuses": "the broker {host}:{port} does not let {username} in ({reason}): see "
    "`lab broker-users`",
    "mqtt_url_invalid": "LAB_MQTT_URL is {url}; it must be like mqtt://broker:1883",
    "mosquitto_queue": "Mosquitto keeps {messages} messages for an absent hub (0: all)",
    "mosquitto_queue_short": "Mosquitto keeps only {messages} messages for an absent hub and drops the rest: "
    "set max_queued_messages 100000 in its configuration and restart it",
}
MARKS = {"ok": "ok  ", "warning": "WARN", "failure": "FAIL"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Codes and parameters for a program.")] = False,
    udev: Annotated[bool, typer.Option("--udev", help="Print udev rules for all kits instead.")] = False,
) -> None:
    """Check ports, ModemManager, tools, broker, disk, clock and database; status 1 if something fails."""
    if udev:
        from devices.registry import iter_kits
        from lab_controller.udev import format_rules

        typer.echo(format_rules(iter_kits()), nl=False)
        return
    from lab_controller.cli._settings import load_settings
    from lab_controller.doctor import Level, examine

    findings = asyncio.run(examine(load_settings()))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for found in findings:
            typer.echo(
                f"{MARKS[found.level]}  {found.check:14} {SENTENCES[found.code].format(**found.params)}"
            )
    if any(found.level is Level.FAILURE for found in findings):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)
