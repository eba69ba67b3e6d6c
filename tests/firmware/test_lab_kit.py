"""The Wi-Fi kit on a real MicroPython against a real Mosquitto: updates that cannot be half done."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_controller.bus.access import Kind
from tests.firmware.esp32 import Hub
from tests.firmware.lab_kit import KIT, KitChip, Sender
from tests.peers.mosquitto import Mosquitto, run_mosquitto

pytestmark = [pytest.mark.peer, pytest.mark.slow]

LOOP = b'import time\nimport lab\nwhile True:\n    lab.tell("light", 41, "lx")\n    time.sleep_ms(20)\n'
HELLO = 'import time\nprint("сәлем")\ntime.sleep(60)\n'.encode()
FAILS = b"import time\ntime.sleep_ms(50)\nprint(speed)\n"


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with run_mosquitto({"lab-hub-1": Kind.HUB, KIT: Kind.DEVICE}) as mosquitto:
        yield mosquitto


@pytest.fixture
def chip(broker: Mosquitto, tmp_path: Path) -> Iterator[KitChip]:
    chip = KitChip(tmp_path / "flash", broker.port)
    yield chip
    chip.stop()


@pytest.fixture
def hub(broker: Mosquitto) -> Iterator[Hub]:
    hub = Hub(broker.port, KIT)
    yield hub
    hub.stop()


@pytest.fixture
def lab(chip: KitChip, hub: Hub) -> Sender:
    """A kit that is ready and has no program yet."""
    chip.start()
    hub.wait_state("ready")
    return Sender(hub)


def summary(word: dict) -> tuple:
    return word["state"], word["code"], word["params"]


def test_a_kit_describes_itself_with_a_node_for_jobs(chip: KitChip, hub: Hub) -> None:
    chip.start()
    hub.wait_state("init")
    described = hub.wait("$description")
    accepts = hub.wait("program/accepts")
    hub.wait_state("ready")
    assert (described["homie"], described["type"], described["name"]) == ("5.0", "esp32", "Rover")
    assert set(described["nodes"]["jobs"]["properties"]) == {"order", "part", "cancel", "committed", "event"}
    assert (accepts["suffixes"], accepts["part_bytes"]) == ([".py"], 1024)


def test_a_kit_blinks_three_times_to_be_found_and_its_program_goes_on(
    chip: KitChip, hub: Hub, lab: Sender
) -> None:
    lab.upload(LOOP)
    hub.set("board/identify", "true")
    while (chip.has("pins.txt") or b"").count(b"\n") < 6:
        hub.wait("telemetry/stream")
    assert (chip.has("pins.txt"), chip.starts) == (b"2 1\n2 0\n" * 3, 2)


@pytest.mark.parametrize(("led_pin", "blinks"), [(2, True), (None, False)])
def test_a_kit_offers_to_blink_if_it_has_a_light(
    broker: Mosquitto, tmp_path: Path, hub: Hub, led_pin: int | None, blinks: bool
) -> None:
    chip = KitChip(tmp_path / "flash", broker.port, led_pin)
    chip.start()
    try:
        assert ("identify" in hub.wait("$description")["nodes"]["board"]["properties"]) is blinks
    finally:
        chip.stop()


def test_a_program_comes_over_the_air_and_is_telemetry(chip: KitChip, hub: Hub, lab: Sender) -> None:
    program = LOOP + b"# pad\n" * 1500
    word = lab.upload(program)
    assert summary(word) == ("succeeded", "", {})
    assert (chip.has("program.py"), chip.has("program.new"), chip.starts) == (program, None, 2)
    (batch,) = hub.wait("telemetry/stream")
    assert (batch["key"], batch["unit"], set(batch["values"])) == ("light", "lx", {41.0})
    assert batch["us"] == sorted(set(batch["us"]))


def test_an_end_is_told_until_the_lab_has_it(chip: KitChip, hub: Hub, lab: Sender) -> None:
    word = lab.upload(HELLO)
    chip.stop()
    chip.start()
    assert lab.end(word) == word
    lab.commit(word)
    while chip.has("end.json") is not None:
        hub.set("jobs/committed", {"boot": f"{word['job']}-1", "seqs": [word["n"]]})
    assert chip.has("program.py") == HELLO


def test_what_a_program_prints_is_on_the_labs_console(hub: Hub, lab: Sender) -> None:
    lab.upload(HELLO)
    assert hub.wait("console/printed")["text"] == "сәлем\n"


def test_a_program_that_fails_at_its_start_is_taken_back(chip: KitChip, hub: Hub, lab: Sender) -> None:
    lab.upload(LOOP)
    word = lab.upload(FAILS)
    told = {"problem": "NameError: name 'speed' isn't defined", "line": 3}
    assert summary(word) == ("failed", "program_taken_back", told)
    assert chip.has("program.py") == LOOP
    while not hub.wait("telemetry/stream"):
        pass


def test_a_program_that_restarts_the_board_is_taken_back(chip: KitChip, lab: Sender) -> None:
    lab.upload(LOOP)
    word = lab.upload(b"import machine\nmachine.reset()\n")
    assert summary(word) == ("failed", "program_restarts", {})
    assert chip.has("program.py") == LOOP


@pytest.mark.parametrize(
    ("data", "more", "end"),
    [
        (b"x = 1\nif x\n    pass\n", {}, ("compile_failed", {"problem": "invalid syntax", "line": 2})),
        (HELLO, {"sha256": "0" * 64}, ("program_torn", {"name": "rover.py"})),
        (HELLO, {"size": 70_000}, ("program_too_big", {"size": 70_000, "limit": 65_536})),
    ],
)
def test_a_program_that_cannot_be_right_never_takes_the_place_of_the_old_one(
    chip: KitChip, lab: Sender, data: bytes, more: dict, end: tuple
) -> None:
    lab.upload(LOOP)
    assert summary(lab.upload(data, **more)) == ("failed", *end)
    assert (chip.has("program.py"), chip.has("program.new"), chip.has("job.json")) == (LOOP, None, None)


def test_a_program_that_is_not_to_run_waits_for_the_next_start(chip: KitChip, hub: Hub, lab: Sender) -> None:
    assert summary(lab.upload(HELLO, run=False)) == ("succeeded", "", {})
    assert chip.starts == 1
    hub.set("program/run", "")
    assert hub.wait("console/printed")["text"] == "сәлем\n"


def test_an_upload_is_cancelled_on_its_way(chip: KitChip, hub: Hub, lab: Sender) -> None:
    lab.upload(LOOP)
    head = lab.order(HELLO)
    hub.set("jobs/cancel", {"job": head["job"], "attempt": 1})
    assert summary(lab.end(head)) == ("cancelled", "cancelled", {})
    assert chip.has("program.py") == LOOP
    assert summary(lab.upload(HELLO)) == ("succeeded", "", {})


def test_a_power_cut_on_the_way_is_told_and_the_old_program_runs(
    chip: KitChip, hub: Hub, lab: Sender
) -> None:
    lab.upload(LOOP)
    head = lab.order(HELLO * 100)
    hub.wait("jobs/event", job=head["job"])
    chip.stop()
    chip.start()
    assert summary(lab.end(head)) == ("failed", "program_torn", {"name": "rover.py"})
    assert (chip.has("program.py"), chip.has("program.new")) == (LOOP, None)


@pytest.mark.parametrize("moved", [False, True])
def test_a_power_cut_while_the_files_change_places_is_made_good(
    chip: KitChip, hub: Hub, lab: Sender, moved: bool
) -> None:
    lab.upload(LOOP)
    chip.stop()
    job = {"job": "f" * 16, "attempt": 1, "name": "rover.py", "sha256": "", "run": True}
    (chip.folder / "job.json").write_text(json.dumps(job | {"phase": "placing", "begun": False}))
    (chip.folder / "program.new").write_bytes(HELLO)
    if moved:
        (chip.folder / "program.py").rename(chip.folder / "program.old")
    chip.start()
    assert summary(lab.end(job)) == ("succeeded", "", {})
    assert (chip.has("program.py"), chip.has("program.old")) == (HELLO, LOOP)


def test_stop_lets_go_of_everything_until_run(chip: KitChip, hub: Hub, lab: Sender) -> None:
    lab.upload(HELLO)
    while hub.wait("program/running") != "true":
        pass
    hub.set("program/stop", "true")
    while hub.wait("program/running") != "false":
        pass
    assert chip.starts == 3
    hub.set("program/run", "")
    while hub.wait("program/running") != "true":
        pass


@pytest.mark.parametrize("payload", ["", "no json", "[1]", "{}", '{"job":1,"attempt":"x","n":{},"data":"?"}'])
def test_senseless_orders_change_nothing(chip: KitChip, hub: Hub, lab: Sender, payload: str) -> None:
    for name in ("jobs/order", "jobs/part", "jobs/cancel", "jobs/committed", "jobs/nothing", "program/run"):
        hub.set(name, payload)
    assert summary(lab.upload(HELLO)) == ("succeeded", "", {})
