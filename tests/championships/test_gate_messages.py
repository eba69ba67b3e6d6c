"""What gates say is checked before it is believed."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab_controller.bus.handler import Inbound
from lab_controller.bus.topics import Topic
from lab_controller.errors import Invalid
from tests.championships.boards import inbound
from tests.championships.contests import GATE
from tests.championships.fields import Contest

GOOD = {"seq": 1, "boot": "5f3a", "lane": 1, "edge": "B", "us": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq": 0},
        {"seq": True},
        {"seq": 1 << 32},
        {"boot": "5F3A"},
        {"boot": None},
        {"lane": 0},
        {"lane": 9},
        {"edge": "b"},
        {"edge": []},
        {"us": -1},
        {"us": 1.5},
        {"us": 1 << 63},
    ],
)
def test_a_passage_that_makes_no_sense_is_refused(contest: Contest, wrong: dict[str, Any]) -> None:
    contest.hall.deliver(inbound(GATE, "passage", GOOD))
    with pytest.raises(Invalid) as error:
        contest.hall.deliver(inbound(GATE, "passage", {**GOOD, "seq": 2, **wrong}))
    assert error.value.code == "payload_invalid"
    assert contest.rows() == {1: None}


@given(payload=st.binary(max_size=200), prop=st.sampled_from(["passage", "edge", "arm", "fit"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_random_payloads_are_refused_as_data(contest: Contest, payload: bytes, prop: str) -> None:
    node = "clock" if prop == "fit" else "gate"
    with contextlib.suppress(Invalid, ValueError):
        contest.hall.deliver(Inbound(Topic(GATE, "value", node, prop), payload))


@pytest.mark.parametrize(
    "wrong", [{"ppm_hi": 1e300}, {"boot": "x"}, {"clock_id": "c" * 101}, {"ref_device_us": 1 << 70}]
)
def test_a_fit_beyond_reason_is_refused(contest: Contest, wrong: dict[str, Any]) -> None:
    told = json.loads(contest.board.fit(1_000).payload)
    with pytest.raises(Invalid):
        contest.hall.deliver(inbound(GATE, "fit", {**told, **wrong}, node="clock"))
