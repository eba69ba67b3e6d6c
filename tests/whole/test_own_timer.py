"""A school's own timer, from a file in the data folder to the lab's list of devices."""

import shutil
from pathlib import Path

import pytest

from devices.discovery import Port
from devices.kits.race_timer import driver
from devices.transports.pty import PtyServer
from lab_controller.lab import Lab
from lab_controller.settings import Settings
from tests.devices.kits.own_timer import OWN, OwnTimer
from tests.devices.waiting import until

pytestmark = [pytest.mark.peer, pytest.mark.slow]


async def test_a_timer_on_a_real_port_is_known_by_the_schools_file(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(driver, "PROBE_US", 200_000)
    settings = Settings(
        data_dir=tmp_path,
        mqtt_host="127.0.0.1",
        mqtt_port=0,
        serial_usb=False,
        serial_ports=f"{tmp_path / 'tty'}=race_timer",
    )
    settings.timers_dir.mkdir()
    shutil.copy(OWN, settings.timers_dir)
    (settings.timers_dir / "bad.toml").write_text("lanes = 0")
    timer, device = OwnTimer(), f"timer-{Port(str(tmp_path / 'tty')).id}"
    server = PtyServer(timer, tmp_path / "tty")
    server.plug()

    def latest() -> dict[str, str]:
        known = [each for each in lab.equipment.list_devices() if each.id == device]
        return known[0].latest if known else {}

    try:
        async with Lab.open(settings) as lab:
            await until(lambda: latest().get("timer/gate") == "closed", 30)
            timer.race(("3.125", "2.5"))
            await until(lambda: latest().get("timer/state") == "finished")
            assert latest()["timer/model"] == "My timer"
    finally:
        server.unplug()
