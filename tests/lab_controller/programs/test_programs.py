"""Jobs between people, the database and an executor, on both databases."""

import base64
import hashlib
from typing import Any

import pytest
from sqlmodel import select

from lab_controller.bus.changes import JOBS, job_key
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.equipment.handler import DeviceHandler
from lab_controller.equipment.tables import Device
from lab_controller.errors import Conflict, Invalid, NotFound
from lab_controller.programs.keeping import forget_jobs
from lab_controller.programs.orders import PART_BYTES
from lab_controller.programs.tables import Program
from lab_controller.programs.taking import clean_name, part_bytes_of
from tests.lab_controller.programs.kits import AGENT, SKETCH, UNO, Room

ORDER = f"lab/5/{AGENT}/jobs"


@pytest.fixture
def room(database: Database, clock: ManualClock) -> Room:
    return Room(database, clock)


def test_an_upload_becomes_an_order_with_its_program_in_parts(room: Room) -> None:
    data = bytes(range(256)) * 300
    job = room.submit("line.HEX", data, slot=2, run=False)
    head, *parts = room.take_sent()
    assert head == (
        f"{ORDER}/order/set",
        {
            "job": job.id,
            "attempt": 1,
            "device": UNO,
            "name": "line.HEX",
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "slot": 2,
            "run": False,
        },
    )
    assert {topic for topic, _ in parts} == {f"{ORDER}/part/set"}
    assert [part["n"] for _, part in parts] == [0, 1, 2]
    pieces = [base64.b64decode(part["data"]) for _, part in parts]
    assert (max(map(len, pieces)), b"".join(pieces)) == (PART_BYTES, data)


def test_the_same_upload_sent_again_is_the_same_job(room: Room) -> None:
    first = room.submit()
    sent = room.take_sent()
    assert (room.submit(), room.take_sent(), len(sent)) == (first, [], 2)
    with pytest.raises(Conflict) as refused:
        room.submit(data=b"another")
    assert refused.value.code == "key_reused"
    assert room.submit(actor="pupil").id != first.id
    assert room.count_jobs() == 2


@pytest.mark.parametrize(
    ("asked", "code", "params"),
    [
        ({"name": "photo.png"}, "wrong_file_type", {"name": "photo.png", "takes": ".hex, .ino"}),
        ({"data": b"x" * 100_001}, "program_too_big", {"size": 100_001, "limit": 100_000}),
        ({"data": b""}, "program_empty", {"name": "blink.hex"}),
        ({"slot": 3}, "no_such_slot", {"slot": 4, "slots": 3}),
    ],
)
def test_a_program_that_the_kit_cannot_take_is_refused_at_once(
    room: Room, asked: dict[str, Any], code: str, params: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        room.submit(**asked)
    assert (refused.value.code, refused.value.params) == (code, params)
    assert (room.count_jobs(), room.take_sent()) == (0, [])


@pytest.mark.parametrize(
    "accepts", ["", "null", "[]", '{"suffixes": []}', '{"suffixes": ["x"], "max_bytes": "1"}']
)
def test_a_device_that_takes_no_programs_is_given_none(room: Room, accepts: str) -> None:
    room.hear(DeviceHandler(), (f"{UNO}/program/accepts", accepts))
    with pytest.raises(Invalid) as refused:
        room.submit()
    assert refused.value.code == "takes_no_programs"


def test_an_unknown_device_is_given_none(room: Room) -> None:
    with pytest.raises(NotFound):
        room.programs.submit("teacher", "kit-9", "a.hex", b"x", slot=None, run=True, key="k")


def test_each_word_of_the_executor_shows_and_its_end_is_confirmed_after_the_commit(room: Room) -> None:
    job = room.submit()
    room.take_sent()
    told = room.says(job, "running", 1, stage="writing", done=512, total=1024)
    assert (told.changed, told.publish) == ([job_key(UNO), JOBS], [])
    view = room.job(job)
    assert (view.state, view.stage, view.done, view.total, view.can_cancel) == (
        "running",
        "writing",
        512,
        1024,
        True,
    )
    room.clock.advance(s=2)
    room.says(job, "succeeded", 2, stage="starting", code="", params={})
    assert room.take_sent() == [(f"{ORDER}/committed/set", {"boot": f"{job.id}-1", "seqs": [2]})]
    view = room.job(job)
    assert (view.state, view.can_cancel, view.can_retry) == ("succeeded", False, False)
    assert [(each.state, each.ended_us) for each in view.attempts] == [("succeeded", room.clock.now_us())]


def test_an_end_that_comes_again_is_confirmed_and_changes_nothing(room: Room) -> None:
    job = room.submit()
    room.says(job, "failed", 3, code="board_silent", params={"port": "/dev/ttyACM0"})
    before = room.job(job)
    room.take_sent()
    room.clock.advance(s=60)
    for state, n in (("failed", 3), ("succeeded", 4), ("running", 9)):
        assert room.says(job, state, n).changed == []
    assert room.job(job) == before
    assert [told["seqs"] for _, told in room.take_sent()] == [[3], [4]]


def test_the_end_of_a_job_that_nobody_knows_is_confirmed(room: Room) -> None:
    job = room.submit()
    room.take_sent()
    other = type("Known", (), {"id": "0" * 16, "attempt": 7})()
    assert room.says(other, "failed", 1).changed == []
    assert room.take_sent() == [(f"{ORDER}/committed/set", {"boot": f"{'0' * 16}-7", "seqs": [1]})]
    assert room.job(job).state == "queued"


def test_nobody_but_the_executor_may_speak_of_a_job(room: Room) -> None:
    job = room.submit()
    with pytest.raises(Invalid) as refused:
        room.says(job, "succeeded", executor="agent-elsewhere")
    assert refused.value.code == "job_foreign"
    assert room.job(job).state == "queued"


def test_an_executor_that_comes_back_gets_its_open_orders_again_and_no_others(room: Room) -> None:
    waiting = room.submit(key="a")
    running, ended = room.submit(key="b"), room.submit(key="c")
    room.says(running, "running", 1)
    room.says(ended, "succeeded", 1)
    room.take_sent()
    room.is_now(AGENT, "lost")
    assert [room.job(each).state for each in (waiting, running, ended)] == ["queued", "unknown", "succeeded"]
    assert room.job(running).code == "job_out_of_sight"
    room.is_now(AGENT, "ready")
    assert [(topic, told["job"]) for topic, told in room.take_sent()] == [
        (f"{ORDER}/order/set", waiting.id),
        (f"{ORDER}/part/set", waiting.id),
    ]


def test_a_program_that_waited_too_long_does_not_start_by_itself(room: Room) -> None:
    job = room.submit()
    room.is_now(AGENT, "lost")
    room.take_sent()
    room.clock.advance(s=601)
    room.is_now(AGENT, "ready")
    view = room.job(job)
    assert (view.state, view.code, view.can_retry) == ("failed", "waited_too_long", True)
    assert [topic for topic, _ in room.take_sent()] == [f"{ORDER}/cancel/set"]


def test_an_agent_that_was_restarted_tells_how_the_job_ended(room: Room) -> None:
    job = room.submit()
    room.says(job, "running", 4)
    room.is_now(AGENT, "lost")
    room.is_now(AGENT, "ready")
    room.says(job, "failed", 1_000_000, stage="", code="agent_restarted", params={})
    view = room.job(job)
    assert (view.state, view.code, view.can_retry) == ("failed", "agent_restarted", True)


def test_a_late_end_belongs_to_the_attempt_that_it_ends(room: Room) -> None:
    job = room.submit()
    room.says(job, "running", 1)
    room.is_now(AGENT, "lost")
    again = room.programs.retry("teacher", job.id)
    assert (again.attempt, again.state, again.code) == (2, "queued", "")
    assert room.says(job, "succeeded", 2).changed == [job_key(UNO), JOBS]
    view = room.job(job)
    assert (view.state, view.attempt) == ("queued", 2)
    assert [(each.attempt, each.state) for each in view.attempts] == [(1, "succeeded"), (2, "queued")]


def test_a_retry_is_a_new_attempt_with_an_order_of_its_own(room: Room) -> None:
    job = room.submit()
    room.says(job, "failed", 1, code="board_silent", params={"port": "p"})
    room.take_sent()
    again = room.programs.retry("teacher", job.id)
    assert [told["attempt"] for _, told in room.take_sent()] == [2, 2]
    assert (again.state, again.code, again.params, again.done) == ("queued", "", {}, 0)
    room.says(again, "running", 0)
    assert room.job(job).state == "running"
    with pytest.raises(Conflict):
        room.programs.retry("teacher", job.id)


def test_a_damaged_program_is_not_sent_to_the_kit_again(room: Room) -> None:
    job = room.submit()
    room.says(job, "failed", 1, code="program_damaged", params={"name": "blink.hex", "line": 1})
    room.take_sent()
    view = room.job(job)
    assert (view.state, view.can_retry) == ("failed", False)
    with pytest.raises(Conflict) as refused:
        room.programs.retry("teacher", job.id)
    assert (refused.value.code, refused.value.params) == ("retry_in_vain", {"fault": "program_damaged"})
    assert (room.job(job).attempt, room.take_sent()) == (1, [])


def test_to_cancel_is_to_ask_whoever_is_at_work(room: Room) -> None:
    job = room.submit()
    room.says(job, "running", 1)
    room.take_sent()
    asked = room.programs.cancel("teacher", job.id)
    assert (asked.state, asked.can_cancel) == ("running", False)
    assert room.take_sent() == [(f"{ORDER}/cancel/set", {"job": job.id, "attempt": 1})]
    room.is_now(AGENT, "lost")
    room.is_now(AGENT, "ready")
    assert room.take_sent() == [(f"{ORDER}/cancel/set", {"job": job.id, "attempt": 1})]
    room.says(job, "cancelled", 2, code="cancelled")
    assert (room.job(job).state, room.job(job).can_retry) == ("cancelled", True)


def test_an_order_that_waits_for_an_absent_executor_is_cancelled_at_once(room: Room) -> None:
    job = room.submit()
    room.is_now(AGENT, "disconnected")
    assert room.programs.cancel("teacher", job.id).state == "cancelled"
    room.take_sent()
    room.is_now(AGENT, "ready")
    assert room.take_sent() == []
    with pytest.raises(Conflict):
        room.programs.cancel("teacher", job.id)


def test_a_program_that_needs_approval_waits_for_it(room: Room) -> None:
    job = room.submit(needs_approval=True)
    assert (job.state, job.can_approve, room.take_sent()) == ("awaiting_approval", True, [])
    assert room.programs.approve("teacher", job.id).state == "queued"
    assert len(room.take_sent()) == 2
    with pytest.raises(Conflict):
        room.programs.approve("teacher", job.id)


def test_to_cancel_and_try_again_is_no_way_around_the_approval(room: Room) -> None:
    job = room.submit(needs_approval=True)
    room.programs.cancel("pupil", job.id)
    again = room.programs.retry("pupil", job.id, needs_approval=True)
    assert (again.state, again.attempt, room.take_sent()) == ("awaiting_approval", 2, [])
    passed = room.programs.approve("teacher", job.id)
    room.says(passed, "failed", 0, code="board_silent", params={"port": "p"})
    assert room.programs.retry("pupil", job.id, needs_approval=True).state == "queued"


def test_a_program_may_be_given_back_with_the_reason(room: Room) -> None:
    job = room.submit(needs_approval=True)
    view = room.programs.give_back("teacher", job.id, "The motors are swapped")
    assert (view.state, view.code, view.params) == (
        "returned",
        "program_returned",
        {"reason": "The motors are swapped"},
    )
    assert (view.can_retry, view.can_cancel, room.take_sent()) == (False, False, [])


def test_a_device_that_updates_itself_is_its_own_executor(room: Room) -> None:
    description = {"type": "esp32", "name": "ESP", "nodes": {"jobs": {"properties": {}}}}
    told = {"suffixes": [".bin"], "max_bytes": 1000, "slots": 0}
    room.hear(DeviceHandler(), ("esp-1/$description", description), ("esp-1/program/accepts", told))
    job = room.programs.submit("teacher", "esp-1", "a.bin", b"x", slot=None, run=True, key="k")
    assert room.take_sent()[0][0] == "lab/5/esp-1/jobs/order/set"
    room.says(job, "succeeded", executor="esp-1")
    assert room.job(job).state == "succeeded"


def test_a_microcontroller_gets_parts_that_it_has_room_for(room: Room) -> None:
    description = {"type": "lab-kit", "name": "ESP", "nodes": {"jobs": {"properties": {}}}}
    told = {"suffixes": [".py"], "max_bytes": 10_000, "part_bytes": 1024}
    room.hear(DeviceHandler(), ("esp-1/$description", description), ("esp-1/program/accepts", told))
    room.programs.submit("teacher", "esp-1", "a.py", bytes(2500), slot=None, run=True, key="k")
    sizes = [len(base64.b64decode(part["data"])) for _, part in room.take_sent()[1:]]
    assert sizes == [1024, 1024, 452]
    room.is_now("esp-1", "ready")
    assert len(room.take_sent()) == 4
    for part_bytes, most in ((1, 256), (1 << 30, PART_BYTES), ("x", PART_BYTES), (True, PART_BYTES)):
        room.hear(DeviceHandler(), ("esp-1/program/accepts", told | {"part_bytes": part_bytes}))
        with room.database.read() as session:
            assert part_bytes_of(session.get(Device, "esp-1")) == most


def test_a_job_outlives_a_hub_that_is_killed_in_its_middle(room: Room, clock: ManualClock) -> None:
    job = room.submit()
    room.says(job, "running", 1, stage="writing", done=10, total=20)
    after = Room(room.database, clock)
    assert after.job(job).done == 10
    after.says(job, "succeeded", 2)
    assert (after.job(job).state, len(after.take_sent())) == ("succeeded", 1)


def test_jobs_are_listed_the_newest_first_and_in_pages(room: Room) -> None:
    jobs = []
    for number in range(5):
        room.clock.advance(us=number % 2)
        jobs.append(room.submit(key=f"k{number}"))
    listed = room.programs.list_jobs(devices=[UNO])
    assert [(job.created_us, job.id) for job in listed] == sorted(
        ((job.created_us, job.id) for job in jobs), reverse=True
    )
    page = room.programs.list_jobs(limit=2)
    rest = room.programs.list_jobs(before=(page[-1].created_us, page[-1].id))
    assert [*page, *rest] == listed
    assert room.programs.list_jobs(devices=[]) == []
    assert room.programs.list_jobs(state="failed") == []


def test_the_same_file_is_kept_once(room: Room) -> None:
    first, again, renamed = (
        room.submit(key="a"),
        room.submit(key="b"),
        room.submit("other.hex", SKETCH, key="c"),
    )
    assert first.program == again.program
    assert renamed.program.sha256 == first.program.sha256
    assert renamed.program.id != first.program.id


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\a\\line.hex", "line.hex"),
        ("../../etc/x.hex", "x.hex"),
        ("a\x00\n.hex", "a.hex"),
        ("x" * 300 + ".hex", "x" * 116 + ".hex"),
        ("сызық.ino", "сызық.ino"),
        ("", ""),
    ],
)
def test_a_name_is_kept_without_what_does_harm(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_what_was_over_long_ago_is_forgotten_with_its_program(room: Room) -> None:
    old, waiting, shared = room.submit(key="a"), room.submit("b.hex", key="b"), room.submit("c.hex", key="c")
    room.says(old, "succeeded", 1)
    room.says(shared, "failed", 1, code="board_silent")
    room.clock.advance(s=100)
    young = room.submit("c.hex", key="d")
    before_us = room.clock.now_us()
    deleted = []
    for _ in range(2):
        with room.database.write() as session:
            deleted.append(forget_jobs(session, before_us))
    assert deleted == [3, 0]
    assert {job.id for job in room.programs.list_jobs()} == {waiting.id, young.id}
    with room.database.read() as session:
        names = set(session.exec(select(Program.name)))
    assert names == {"b.hex", "c.hex"}
