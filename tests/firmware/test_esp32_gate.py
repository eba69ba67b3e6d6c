"""The ESP32 gate's own program on a real MicroPython against a real Mosquitto with the lab's rules."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_controller.bus.access import Kind
from tests.firmware.esp32 import DEVICE, Chip, Hub, running
from tests.peers.mosquitto import Mosquitto, run_mosquitto

pytestmark = [pytest.mark.peer, pytest.mark.slow]

TICKS_SLACK_US = 20_000  # a loaded machine under the interpreter; the chip's own figure is in the README


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with run_mosquitto({"lab-hub-1": Kind.HUB, DEVICE: Kind.DEVICE}) as mosquitto:
        yield mosquitto


@pytest.fixture
def chip(broker: Mosquitto, tmp_path: Path) -> Chip:
    return Chip(tmp_path / "flash", broker.port)


@pytest.fixture
def hub(broker: Mosquitto) -> Hub:
    return Hub(broker.port)


def commit(hub: Hub, *passages: dict[str, object]) -> None:
    hub.set("gate/committed", {"boot": passages[0]["boot"], "seqs": [p["seq"] for p in passages]})


def test_gate_introduces_itself_as_a_homie_device(chip: Chip, hub: Hub) -> None:
    chip.start()
    hub.wait_state("init")
    described = hub.wait("$description")
    hub.wait_state("ready")
    chip.stop()
    hub.stop()

    assert (described["homie"], described["type"]) == ("5.0", "gate")
    properties = described["nodes"]["gate"]["properties"]
    assert properties["passage"] == {"name": "Passage", "datatype": "json", "retained": False}
    assert {name for name, told in properties.items() if told.get("settable")} == {
        "armed",
        "arm",
        "committed",
        "self-test",
    }
    assert list(described["nodes"]["clock"]["properties"]) == ["sync"]


def test_passages_carry_the_time_of_the_beam_and_not_of_their_arrival(chip: Chip, hub: Hub) -> None:
    with running(chip, hub):
        truth, told = [], []
        for lane, broken in ((1, True), (2, True), (1, False), (2, False)):
            truth.append(chip.beam(lane, broken=broken))
            told.append(hub.wait("gate/passage"))

    assert [(p["seq"], p["lane"], p["edge"]) for p in told] == [
        (1, 1, "B"),
        (2, 2, "B"),
        (3, 1, "C"),
        (4, 2, "C"),
    ]
    assert len({p["boot"] for p in told}) == 1
    for passage, ticks in zip(told, truth, strict=True):
        assert abs((passage["us"] - told[0]["us"]) - (ticks - truth[0])) < TICKS_SLACK_US


def test_uncommitted_passage_is_sent_again_and_a_committed_one_is_not(chip: Chip, hub: Hub) -> None:
    with running(chip, hub):
        chip.beam(1, broken=True)
        first = hub.wait("gate/passage", seq=1)
        chip.beam(2, broken=True)
        second = hub.wait("gate/passage", seq=2)
        commit(hub, first)

        assert hub.wait("gate/passage") == second
        commit(hub, second)
        chip.beam(1, broken=False)
        assert hub.wait("gate/passage")["seq"] == 3


def test_commit_of_another_boot_is_ignored(chip: Chip, hub: Hub) -> None:
    with running(chip, hub):
        chip.beam(1, broken=True)
        first = hub.wait("gate/passage")
        commit(hub, first | {"boot": "ffff"})

        assert hub.wait("gate/passage") == first


def test_arming_is_echoed_with_the_last_seq(chip: Chip, hub: Hub) -> None:
    with running(chip, hub):
        chip.beam(1, broken=True)
        boot = hub.wait("gate/passage")["boot"]
        hub.set("gate/arm", {"armed": True, "token": "0a1b2c3d"})
        echo = hub.wait("gate/arm", token="0a1b2c3d")
        assert hub.wait("gate/armed") == "true"
        hub.set("gate/armed", "false")
        assert hub.wait("gate/armed") == "false"

    assert (echo["armed"], echo["boot"], echo["seq"]) == (True, boot, 1)
    assert echo["us"] > 0


def test_sync_and_self_test_are_answered(chip: Chip, hub: Hub) -> None:
    with running(chip, hub):
        hub.set("clock/sync", {"token": "t1"})
        early = hub.wait("clock/sync", token="t1")
        hub.set("clock/sync", {"token": "t2"})
        late = hub.wait("clock/sync", token="t2")
        chip.beam(2, broken=True)
        assert hub.wait("gate/blocked") == [2]
        hub.set("gate/self-test", {"token": "t3"})
        tested = hub.wait("gate/self-test", token="t3")

    assert late["us"] > early["us"]
    assert early["boot"] == late["boot"]
    assert (tested["blocked"], tested["bounces"], tested["problems"]) == ([2], 0, ["beam_blocked"])


@pytest.mark.parametrize(
    "payload", ["", "no json", "[1]", '{"boot":1}', '{"boot":"0001","seqs":[-1,"x",null]}']
)
def test_senseless_commands_change_nothing(chip: Chip, hub: Hub, payload: str) -> None:
    with running(chip, hub):
        for name in ("gate/committed", "gate/arm", "gate/self-test", "clock/sync", "gate/nothing", "x/y"):
            hub.set(name, payload)
        hub.set("clock/sync", {"token": "alive"})
        assert hub.wait("clock/sync", token="alive")


def test_passages_while_the_broker_was_dead_come_when_it_is_back(
    chip: Chip, hub: Hub, broker: Mosquitto
) -> None:
    with running(chip, hub):
        chip.beam(1, broken=True)
        commit(hub, hub.wait("gate/passage"))
        broker.kill()
        truth = [chip.beam(2, broken=True)]
        truth.append(chip.beam(1, broken=False))
        broker.start()
        told = [hub.wait("gate/passage", seq=2), hub.wait("gate/passage", seq=3)]

    assert [(p["lane"], p["edge"]) for p in told] == [(2, "B"), (1, "C")]
    assert abs((told[1]["us"] - told[0]["us"]) - (truth[1] - truth[0])) < TICKS_SLACK_US


def test_gate_gives_up_on_a_broker_that_takes_its_call_and_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        chip = Chip(tmp_path / "flash", silent.getsockname()[1])
        chip.start()
        try:
            assert "110" in chip.wait_for_line("connection:")
        finally:
            chip.stop()


def test_vanished_gate_is_lost_and_its_next_boot_has_a_new_id(chip: Chip, hub: Hub) -> None:
    with running(chip, hub):
        chip.beam(1, broken=True)
        first = hub.wait("gate/passage")["boot"]
        chip.stop()
        hub.wait_state("lost")
        chip.start()
        hub.wait_state("ready")
        chip.beam(1, broken=True)
        second = hub.wait("gate/passage", seq=1)["boot"]

    assert first != second
