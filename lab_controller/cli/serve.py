"""`lab serve`: the hub, the pages and, unless told otherwise, broker and room agent in one process."""

import asyncio
import gc
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab_controller.settings import Settings


AGENT_ACCOUNT = (
    "with a broker of your own they need an account beside the hub's: make it with "
    "`lab broker-users add {agent}` and set LAB_MQTT_AGENT_PASSWORD, or start with --no-agent"
)


def serve(
    agent: Annotated[
        bool | None,
        typer.Option(
            "--agent/--no-agent", help="Also hold this machine's ports.", show_default="if it has an account"
        ),
    ] = None,
) -> None:
    """Run the lab until Ctrl+C. Where, and with which database and broker: LAB_* settings."""
    import uvloop

    from lab_controller.cli._settings import load_settings
    from lab_controller.cli._stopping import end_like_ctrl_c

    settings = load_settings()
    agent = _choose_agent(settings, wanted=agent)
    end_like_ctrl_c()
    # What a start makes stays for good: the collector need not walk through it, then or later.
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings, agent=agent))
    except KeyboardInterrupt:
        typer.echo("The lab is closed.", err=True)
    finally:
        gc.enable()


def _choose_agent(settings: "Settings", *, wanted: bool | None) -> bool:
    """Whether this process holds the ports; what it cannot do and was asked for ends it with status 2."""
    from devices.agent import agent_id
    from lab_controller.bus.connecting import lets_agent_in
    from lab_controller.errors import LabError

    try:
        may = lets_agent_in(settings)
    except LabError as error:
        typer.echo(
            f"LAB_MQTT_URL must be like mqtt://broker.school:1883, not {settings.mqtt_url!r}", err=True
        )
        raise typer.Exit(2) from error
    if may or wanted is False:
        return wanted is not False
    typer.echo(
        f"This machine's ports are not held: {AGENT_ACCOUNT.format(agent=agent_id(settings.room))}.", err=True
    )
    if wanted:
        raise typer.Exit(2)
    return False


async def run(settings: "Settings", *, agent: bool) -> None:
    """Serve until a signal comes or a part of the lab fails."""
    import uvicorn

    from lab_controller.lab import Lab
    from web.app import create_app
    from web.live.server import LiveServer

    async with Lab.open(settings, embedded_agent=agent) as lab:
        app = create_app(lab)
        gc.collect()
        gc.freeze()
        gc.enable()
        server = LiveServer(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=settings.trusted_proxies or None,
                timeout_graceful_shutdown=3,
            )
        )
        serving = asyncio.create_task(server.serve(), name="web")
        await asyncio.wait([serving, lab.failed], return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
        if lab.failed.done():
            raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)
