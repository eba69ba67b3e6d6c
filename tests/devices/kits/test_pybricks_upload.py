"""A program on its way to a Pybricks hub: compiled, written, started, and given up at every step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import UploadError
from devices.kits.pybricks import KIT, compiler
from devices.kits.pybricks.compiler import compile_modules, parse_problem
from devices.kits.pybricks.hub import HubModel
from devices.protocols import pybricks
from devices.protocols.mpy_modules import pack_modules, unpack_modules
from devices.protocols.pybricks import Capabilities, Feature, Refusal
from devices.talk import Progress
from devices.uploads import Program
from tests.devices.kits.pybricks_bench import MODULES, Bench

PACKED = pack_modules(MODULES, (1, 6, 0))
PIECE = 55
PIECES = -(-len(PACKED) // PIECE)


@pytest.fixture
def bench() -> Bench:
    return Bench().plug().run(0.1)


def stored(bench: Bench, slot: int = 0) -> list[tuple[str, bytes]]:
    return unpack_modules(bench.hub.programs.get(slot, b""))


def told(error: UploadError | None) -> tuple[str, dict]:
    assert error is not None
    return error.code, dict(error.params)


def test_a_program_is_written_piece_by_piece_and_started(bench):
    assert bench.upload() is None
    assert (stored(bench), bench.script.modules) == (list(MODULES), list(MODULES))
    assert bench.board.commands == [
        pybricks.write_meta(0),
        *(pybricks.write_ram(at, PACKED[at : at + PIECE]) for at in range(0, len(PACKED), PIECE)),
        pybricks.write_meta(len(PACKED)),
        pybricks.start(0, (1, 6, 0)),
    ]
    assert bench.stages == [
        Progress("syncing"),
        Progress("erasing"),
        *(Progress("writing", at, len(PACKED)) for at in range(0, len(PACKED), PIECE)),
        Progress("writing", len(PACKED), len(PACKED)),
        Progress("starting"),
    ]
    assert bench.told("program", "running")[-1] == "true"


def test_what_the_new_program_prints_at_once_is_heard(bench):
    bench.script.start = lambda modules, say, end: say(b"first words\n")
    assert bench.upload() is None
    assert bench.printed() == "first words\n"


def test_what_it_prints_before_the_answer_is_heard_too(bench):
    bench.board.events_first = True
    bench.script.start = lambda modules, say, end: say(b"early words\n")
    assert bench.upload() is None
    assert (bench.printed(), bench.told("program", "running")[-1]) == ("early words\n", "true")


def test_a_program_may_wait_in_its_slot(bench):
    assert bench.upload(run=False) is None
    assert (stored(bench), bench.script.modules) == (list(MODULES), ())
    assert bench.run(1).told("program", "running")[-1] == "false"


def test_a_running_program_is_stopped_first(bench):
    bench.store().command("program", "run", "")
    assert bench.upload() is None
    assert Progress("stopping") in bench.stages


def test_a_program_that_does_not_stop_is_told(bench):
    bench.script.stubborn = True
    bench.store().command("program", "run", "")
    assert told(bench.upload()) == ("device_refused", {"status": "0x81"})


def test_the_chosen_slot_takes_the_program_and_is_the_one_that_starts(bench):
    bench.hub.choose(3)
    assert bench.upload(slot=3) is None
    assert (stored(bench, 3), bench.hub.running_id) == (list(MODULES), 3)


def test_only_the_buttons_of_the_hub_choose_a_slot(bench):
    assert told(bench.upload(slot=2)) == ("slot_not_chosen", {"slot": 2, "chosen": 0})
    assert told(bench.upload(slot=5)) == ("no_such_slot", {"slot": 5, "slots": 5})


def test_a_program_that_does_not_fit_is_not_begun():
    small = HubModel(capabilities=Capabilities(60, Feature.MULTI_MPY6, 400, 1))
    bench = Bench(small).plug()
    assert told(bench.upload()) == ("program_too_big", {"size": len(PACKED), "limit": 400})
    assert bench.board.commands == []


def test_firmware_that_takes_no_modules_is_too_old():
    bench = Bench(HubModel(capabilities=Capabilities(60, Feature.REPL, 40_000, 1))).plug()
    assert told(bench.upload()) == ("firmware_too_old", {"found": "mpy 5", "needed": "mpy 6"})


def test_an_old_profile_is_told_with_the_firmware():
    bench = Bench(HubModel(firmware="3.1.0", profile=(1, 1, 0))).plug()
    assert told(bench.upload()) == ("firmware_too_old", {"found": "3.1.0", "needed": "4.1"})


def test_a_profile_before_slots_starts_without_a_number():
    bench = Bench(HubModel(profile=(1, 3, 0))).plug()
    assert bench.upload() is None
    assert (stored(bench)[0][0], bench.board.commands[-1]) == ("__main__", b"\x01")


def test_a_silent_hub_is_told_by_its_port(bench):
    bench.board.mute = True
    assert told(bench.upload()) == ("board_silent", {"port": "/dev/ttyACM0"})


@pytest.mark.parametrize("lost", range(3, 9))
def test_lost_answers_to_a_piece_are_asked_for_again(bench, lost):
    answers = iter(range(100))
    answer = bench.board._answer

    def forgetful(message):
        if next(answers) != lost:
            answer(message)

    bench.board._answer = forgetful
    assert bench.upload() is None
    assert stored(bench) == list(MODULES)


def test_a_refused_piece_is_told_with_its_status(bench):
    obey = bench.hub.obey
    bench.hub.obey = lambda body: Refusal.VALUE_NOT_ALLOWED if body[0] == 4 else obey(body)
    assert told(bench.upload()) == ("device_refused", {"status": "0x13"})


def test_a_transfer_that_somebody_gave_up_is_waited_out(bench):
    bench.hub.obey(pybricks.write_meta(0))
    assert bench.upload() is None
    assert stored(bench) == list(MODULES)


@pytest.mark.parametrize("step", range(1, PIECES + 5))
def test_cancelled_at_any_step_the_hub_takes_the_next_program(bench, step):
    bench.store().command("program", "run", "")
    error = bench.upload(cancel_after=step)
    assert told(error) == ("cancelled", {})
    assert bench.upload() is None
    assert (stored(bench), bench.told("program", "running")[-1]) == (list(MODULES), "true")


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_any_modules_arrive_as_they_were(parts):
    bench = Bench().plug()
    modules = tuple((f"module{place}", b"M\x06\x00\x1f" + part) for place, part in enumerate(parts))
    assert bench.upload(modules, run=False) is None
    assert stored(bench) == list(modules)


def test_a_cable_pulled_in_mid_transfer_leaves_a_hub_that_takes_the_next(bench):
    bench.hub.obey(pybricks.write_meta(0))
    bench.hub.obey(pybricks.write_ram(0, PACKED[:50]))
    bench.unplug().run(0.2).plug()
    assert bench.upload() is None
    assert stored(bench) == list(MODULES)


def test_a_program_is_compiled_for_the_hub_under_its_own_name():
    ((name, mpy),) = compile_modules(Program("line_follower.py", b"import pybricks\nprint(1)\n"))
    assert (name, mpy[:2], b"line_follower.py" in mpy) == ("line_follower", b"M\x06", True)


@pytest.mark.parametrize("name", ["моя программа.py", "../../x.py", "a b.py", ".py"])
def test_a_name_that_no_hub_can_have_becomes_another(name):
    ((module, _),) = compile_modules(Program(name, b"print(1)\n"))
    assert module == "program"


@pytest.mark.parametrize(
    ("source", "code", "params"),
    [
        (b"a = 1\nfor:\n", "compile_failed", {"problem": "SyntaxError: invalid syntax", "line": 2}),
        (b"def f():\n  a\n b\n", "compile_failed",
         {"problem": "IndentationError: unindent doesn't match any outer indent level", "line": 3}),
        (b"\nfrom . import x\n", "compile_failed",
         {"problem": "the hub cannot do relative imports (p.py:2)", "line": 2}),
        (b"print('\xff')\n", "compile_failed", {"problem": "not UTF-8 text", "line": 1}),
        (b" \n", "program_empty", {"name": "p.py"}),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_program_is_told_with_its_line(source, code, params):
    with pytest.raises(UploadError) as refused:
        compile_modules(Program("p.py", source))
    assert told(refused.value) == (code, params)


def test_a_compiler_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(compiler, "TIMEOUT_S", 0.001)
    with pytest.raises(UploadError) as failed:
        compile_modules(Program("p.py", b"print(1)\n"))
    assert told(failed.value) == ("tool_failed", {"tool": "mpy-cross", "said": "timeout"})


def test_a_missing_compiler_is_told(monkeypatch):
    monkeypatch.setattr(compiler, "_compile", lambda path: {"problem": None})
    with pytest.raises(UploadError) as failed:
        compile_modules(Program("p.py", b"print(1)\n"))
    assert told(failed.value) == ("compiler_missing", {"tool": "mpy-cross"})


@given(st.text(max_size=300))
def test_any_words_of_a_compiler_make_a_problem(said):
    problem, line = parse_problem(said)
    assert 0 < len(problem) <= 200
    assert line >= 0


def test_the_kit_prepares_a_program_with_what_the_person_wanted():
    assert KIT.uploads is not None
    prepared = KIT.uploads.prepare(Program("p.py", b"print(1)\n", 2, run=False))
    assert (prepared.slot, prepared.run, [name for name, _ in prepared.modules]) == (2, False, ["p"])
