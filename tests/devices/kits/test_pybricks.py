"""A Pybricks driver against its emulator: who the hub is, what its program says, what is wrong with it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.driver import Alert, Claimed, Console, Measured, Printed, Refused, Reopen, Say
from devices.errors import ProtocolError
from devices.kits.pybricks.hub import HubModel
from devices.protocols import pybricks
from devices.protocols.plotter import Sample
from devices.protocols.pybricks import Capabilities, Feature, Flag, HubKind, Refusal
from devices.protocols.pybricks_stream import Stdout
from devices.protocols.spike_cobs import encode
from devices.transports.byte_pipe import Chunk
from tests.devices.kits.pybricks_bench import MODULES, START_US, Bench

ESSENTIAL = HubModel(
    name="Марсоход",
    firmware="4.1.0b3",
    kind=HubKind(0x83, 0),
    capabilities=Capabilities(60, Feature.MULTI_MPY6, 20_000, 1),
)


@pytest.fixture
def bench() -> Bench:
    return Bench().plug().run(0.1)


@pytest.fixture
def running(bench: Bench) -> Bench:
    return bench.store().command("program", "run", "")


def test_a_hub_is_known_by_where_it_is_plugged_in_not_by_its_name(bench):
    assert [output for output in bench.outputs if isinstance(output, Claimed)] == [
        Claimed("pybricks-0badcafe")
    ]


def test_a_hub_says_what_it_is():
    bench = Bench(ESSENTIAL).plug()
    assert {
        place: bench.told(*place.split("/"))
        for place in ("board/name", "board/kind", "firmware/version", "firmware/profile", "program/slots")
    } == {
        "board/name": ["Марсоход"],
        "board/kind": ["Essential Hub"],
        "firmware/version": ["4.1.0b3"],
        "firmware/profile": ["1.6.0"],
        "program/slots": ["1"],
    }


def test_reading_who_is_there_takes_the_hub_from_nobody():
    bench = Bench()
    bench.board.mute_reads = True
    bench.plug().run(2)
    assert not bench.board.subscribed
    bench.board.mute_reads = False
    bench.run(1)
    assert (bench.board.subscribed, bench.told("program", "running")) == (True, ["false"])


def test_a_lost_answer_is_asked_for_again():
    bench = Bench()
    bench.board.lose_replies = 3
    bench.plug().run(3)
    assert Claimed("pybricks-0badcafe") in bench.outputs


def test_a_hub_that_is_subscribed_already_tells_its_status_all_the_same():
    bench = Bench().plug().run(0.1)
    bench._carry(bench.driver.opened(bench.clock.now_us()))
    bench.settle()
    assert bench.told("program", "running") == ["false"]
    bench.run(1)
    assert bench.told("program", "running") == ["false", "false"]


def test_a_program_starts_prints_and_ends(running):
    running.script.say("Сәлем\ntwo".encode())
    running.settle()
    running.script.end()
    running.settle()
    assert (running.printed(), running.told("program", "running")) == (
        "Сәлем\ntwo",
        ["false", "true", "false"],
    )


def test_torn_letters_and_line_ends_are_whole_on_the_console(running):
    told = "Ә\r\n|\rend".encode()
    for byte in told:
        running.board._tell(Stdout(bytes([byte])))
    running.settle()
    assert running.printed() == "Ә\n|\nend"


def test_plotter_lines_of_a_program_are_plotted(running):
    running.script.say(b"reflection:42,angle:-90\nnot a reading\n")
    running.settle()
    assert [output for output in running.outputs if isinstance(output, Measured)] == [
        Measured(
            (Sample("reflection", "reflection", 42.0), Sample("angle", "angle", -90.0)),
            running.clock.now_us(),
        )
    ]


def test_what_is_typed_reaches_the_program_in_pieces(running):
    running.command("console", "send", "a long line that does not fit into twenty bytes\n").run(0.5)
    assert running.script.read == b"a long line that does not fit into twenty bytes\n"


def test_a_full_input_is_tried_again_until_the_program_reads(running):
    running.hub.stdin_held = True
    running.command("console", "send", "x" * 80).run(1)
    assert running.script.read == b""
    running.hub.stdin_held = False
    running.hub._stdin.clear()
    running.run(1)
    assert running.script.read == b"x" * 40


def test_input_that_nobody_reads_is_given_up_and_told(running):
    running.hub.stdin_held = True
    running.command("console", "send", "x" * 80).run(7)
    assert running.refusals() == [Refused("nobody_reads")]


def test_typing_without_a_program_is_told(bench):
    bench.command("console", "send", "hi\n")
    assert bench.refusals() == [Refused("nobody_reads")]


def test_a_waiting_input_never_holds_up_the_stop(running):
    running.hub.stdin_held = True
    running.command("console", "send", "x" * 80).run(0.2).command("program", "stop", "true").run(0.3)
    assert running.told("program", "running")[-1] == "false"


def test_a_named_slot_is_started(bench):
    bench.store(3).command("program", "run", "3")
    assert (bench.board.commands, bench.script.modules) == ([pybricks.start(3, (1, 6, 0))], list(MODULES))


def test_the_chosen_slot_is_started_when_none_is_named(bench):
    bench.store(2)
    bench.hub.choose(2)
    bench.settle().command("program", "run", "")
    assert (bench.board.commands, bench.told("program", "slot")[-1]) == ([b"\x01\x02"], "2")


def test_an_empty_slot_is_refused(bench):
    bench.command("program", "run", "1")
    assert bench.refusals() == [Refused("slot_empty", {"slot": 1})]


@pytest.mark.parametrize(
    ("node", "key", "payload", "code"),
    [
        ("program", "run", "5", "no_such_slot"),
        ("program", "run", "repl", "bad_command"),
        ("program", "run", "-1", "bad_command"),
        ("program", "run", "٣", "bad_command"),
        ("board", "reset", "true", "bad_command"),
    ],
)
def test_a_command_that_is_none_is_refused(bench, node, key, payload, code):
    with pytest.raises(ProtocolError) as refused:
        bench.command(node, key, payload)
    assert refused.value.code == code


def test_a_flood_of_typing_is_refused(running):
    running.hub.stdin_held = True
    with pytest.raises(ProtocolError) as refused:
        running.command("console", "send", "x" * 5000)
    assert refused.value.code == "command_refused"


@pytest.mark.parametrize(
    ("flag", "alert"),
    [
        (Flag.BATTERY_LOW, {"battery": "battery_low"}),
        (Flag.BATTERY_LOW | Flag.BATTERY_EMPTY, {"battery": "battery_empty"}),
        (Flag.HIGH_CURRENT, {"current": "current_too_high"}),
        (Flag.HOT, {"heat": "hub_hot"}),
        (Flag.HOT | Flag.TOO_HOT, {"heat": "hub_too_hot"}),
    ],
)
def test_what_is_wrong_with_a_hub_is_told_until_it_is_right(bench, flag, alert):
    bench.hub.set_flag(flag)
    assert bench.settle().alerts() == alert
    bench.hub.set_flag(flag, on=False)
    assert bench.settle().alerts() == {}


def test_a_hub_that_switches_itself_off_says_so(bench):
    bench.hub.set_flag(Flag.SHUTDOWN_REQUEST)
    bench.settle()
    assert Console("info", "the hub is switching itself off") in bench.outputs


def test_firmware_that_is_too_old_is_told_plainly():
    old = HubModel(firmware="3.1.0", profile=(1, 1, 0))
    bench = Bench(old).plug().run(2)
    alerts = [output for output in bench.outputs if isinstance(output, Alert)]
    assert alerts == [Alert("firmware", "firmware_too_old", {"found": "3.1.0", "needed": "4.1"})]
    with pytest.raises(ProtocolError) as refused:
        bench.command("program", "stop", "true")
    assert refused.value.code == "firmware_too_old"
    bench.run(1)
    assert not bench.board.subscribed


def test_a_hub_that_falls_silent_is_noticed_and_its_port_opened_anew(bench):
    bench.board.mute = True
    bench.run(6.5)
    assert not any(isinstance(output, Reopen) for output in bench.outputs)
    bench.run(1)
    assert Reopen("board_silent") in bench.outputs


def test_a_new_name_is_noticed(bench):
    bench.board.hub.model = HubModel(name="Red robot")
    bench.run(2.5)
    assert bench.told("board", "name") == ["Pybricks Hub", "Red robot"]


def test_a_hub_is_met_again_after_its_cable_was_pulled(running):
    running.unplug().run(1)
    running.script.end()
    running.plug().run(0.1)
    assert running.told("program", "running") == ["false", "true", "false"]


def test_an_echoing_line_is_no_hub_and_is_not_flooded():
    bench = Bench()
    said = bench.driver.opened(START_US)
    for _ in range(200):
        echo = [output.data for output in said if isinstance(output, Say)]
        if not echo:
            break
        said = bench.driver.received(Chunk(b"".join(echo), START_US))
    assert bench.driver.received(Chunk(b"\x02", START_US)) == []


@pytest.mark.parametrize("refusal", [Refusal.BUSY, Refusal.UNLIKELY, Refusal.VALUE_NOT_ALLOWED])
def test_a_refused_command_is_told(bench, refusal):
    bench.hub.refuse_next = refusal
    bench.store().command("program", "run", "")
    assert bench.refusals() == [Refused("command_refused")]


@given(st.binary(max_size=2000))
def test_noise_neither_crashes_the_driver_nor_loses_the_hub(noise):
    bench = Bench().plug()
    bench.board.flood(noise + b"\x02")
    bench.settle().run(0.1)
    assert bench.driver._reader.kept_bytes < 10_000
    bench.plug().store().command("program", "run", "0").run(0.1)
    bench.script.say(b"still here\n")
    assert bench.settle().printed().endswith("still here\n")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["none", "lose", "corrupt", "pull"]), st.integers(0, 60)), max_size=20)
)
def test_whatever_the_line_does_the_hub_is_driven_again(faults):
    bench = Bench().plug()
    for fault, byte in faults:
        if fault == "lose":
            bench.board.lose_byte(byte)
        elif fault == "corrupt":
            bench.board.corrupt_byte(byte)
        elif fault == "pull" and bench.plugged:
            bench.unplug()
        elif not bench.plugged:
            bench.plug()
        bench.run(0.3)
    bench.unplug().run(0.1)
    bench.script.end()
    bench.plug().run(1)
    bench.store().command("program", "run", "0").run(1)
    assert bench.told("program", "running")[-1] == "true"
    bench.script.say(b"well\n")
    assert bench.settle().printed().endswith("well\n")


def test_text_before_the_hub_is_known_is_not_lost(bench):
    frame = encode(b"\x02\x01hello")
    assert Printed("hello") in bench.driver.received(Chunk(frame, START_US))


def test_a_driver_has_nothing_to_store():
    assert Bench().driver.stored("boot", (1,)) == []
