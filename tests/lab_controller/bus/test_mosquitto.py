"""Mosquitto as docs/mosquitto sets it up, with the files that `lab broker-users export` writes."""

import os
import pwd
from pathlib import Path

import pytest

from lab_controller.bus.access import Kind, Member
from lab_controller.bus.mosquitto_files import save_mosquitto_files
from tests.lab_controller.bus.conftest import MosquittoBus, connect, take, told
from tests.peers.mosquitto import run_mosquitto

pytestmark = pytest.mark.peer

HUB, GATE = "lab-hub-0", "gate-a1b2c3"
TOPIC = f"lab/5/{GATE}/gate/passage"
ROWS = [(Member(GATE, Kind.DEVICE), f"{GATE}:hash")]
IS_ROOT = os.geteuid() == 0


async def test_below_debians_own_settings_an_absent_hubs_messages_outlive_a_restart() -> None:
    with run_mosquitto({HUB: Kind.HUB, GATE: Kind.DEVICE}) as mosquitto:
        bus = MosquittoBus(mosquitto)
        async with connect(bus, HUB, "lab/5/+/+/+", clean_session=False):
            pass
        async with connect(bus, GATE) as gate:
            await gate.publish(TOPIC, b"1")
        await bus.stop()
        await bus.start()
        async with connect(bus, HUB, "lab/5/+/+/+", clean_session=False) as hub:
            assert told(await take(hub, 1)) == [(TOPIC, b"1")]


async def test_mosquitto_reads_accounts_that_are_exported_anew() -> None:
    with run_mosquitto({HUB: Kind.HUB}) as mosquitto:
        bus = MosquittoBus(mosquitto)
        mosquitto.export({HUB: Kind.HUB, GATE: Kind.DEVICE})
        await bus.stop()
        await bus.start()
        async with connect(bus, GATE) as gate:
            await gate.publish(TOPIC, b"1")


def test_exported_files_stay_with_their_owner(tmp_path: Path) -> None:
    owner = (1883, 1884) if IS_ROOT else (os.getuid(), os.getgid())
    save_mosquitto_files(tmp_path / "lab", ROWS)
    files = [tmp_path / "lab" / name for name in ("passwd", "acl")]
    for file in files:
        os.chown(file, *owner)
    save_mosquitto_files(tmp_path / "lab", [])
    found = [file.stat() for file in files]
    assert [(file.st_uid, file.st_gid, file.st_mode & 0o777) for file in found] == [(*owner, 0o640)] * 2


def test_what_was_exported_for_root_alone_is_given_to_mosquitto(tmp_path: Path) -> None:
    owner = pwd.getpwnam("mosquitto").pw_uid if IS_ROOT else os.getuid()
    (tmp_path / "passwd").write_text("")
    save_mosquitto_files(tmp_path, ROWS)
    assert (tmp_path / "passwd").stat().st_uid == owner
    assert (tmp_path / "passwd").read_text() == f"{GATE}:hash\n"


def test_files_that_cannot_be_kept_with_their_owner_are_not_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    save_mosquitto_files(tmp_path, ROWS)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("lab_controller.bus.mosquitto_files.os.chown", refuse)
    monkeypatch.setattr("lab_controller.bus.mosquitto_files._find_owner", lambda _: (1883, 1883))
    with pytest.raises(PermissionError):
        save_mosquitto_files(tmp_path, [])
    assert (tmp_path / "passwd").read_text() == f"{GATE}:hash\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["acl", "passwd"]
