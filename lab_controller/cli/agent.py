"""`lab agent`: hold the ports of this machine for a hub elsewhere."""

import asyncio

import typer


def agent() -> None:
    """Speak for every kit that is plugged in here, until Ctrl+C. Needs LAB_MQTT_URL and LAB_ROOM."""
    import uvloop

    from devices.agent import agent_id
    from lab_controller.agent import make_agent
    from lab_controller.bus.connecting import external_address
    from lab_controller.cli._settings import load_settings
    from lab_controller.cli._stopping import end_like_ctrl_c
    from lab_controller.errors import LabError

    settings = load_settings()
    try:
        address = external_address(settings, agent_id(settings.room))
    except LabError as error:
        typer.echo(
            f"LAB_MQTT_URL must be like mqtt://broker.school:1883, not {settings.mqtt_url!r}", err=True
        )
        raise typer.Exit(2) from error

    end_like_ctrl_c()

    async def run() -> None:
        await make_agent(settings, address).run()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())
    except KeyboardInterrupt:
        typer.echo("The agent has said goodbye.", err=True)


def register(app: typer.Typer) -> None:
    app.command("agent")(agent)
