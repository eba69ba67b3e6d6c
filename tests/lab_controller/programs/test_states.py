import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_controller.errors import Conflict, Invalid
from lab_controller.programs.states import (
    ENDS,
    MOVES,
    RETRIED,
    UNDERWAY,
    Progress,
    State,
    Word,
    hear,
    lose,
    may_retry,
    move,
    parse_word,
)

QUEUED = Progress(1, State.QUEUED)


def word(state: State, n: int, *, attempt: int = 1, code: str = "") -> Word:
    return Word("j", attempt, n, state, "writing", n, 10, code, {})


words = st.builds(
    word, st.sampled_from(sorted(UNDERWAY | ENDS)), st.integers(0, 5), attempt=st.integers(1, 2)
)


def test_every_state_has_its_followers_and_a_retry_is_the_only_way_back() -> None:
    assert MOVES.keys() == set(State)
    back = {state for state in MOVES if State.QUEUED in MOVES[state]} - {State.APPROVED}
    assert back == RETRIED


def test_another_attempt_is_offered_only_if_it_may_end_otherwise() -> None:
    assert {state for state in State if may_retry(state, "board_silent")} == RETRIED
    assert {state for state in State if may_retry(state, "program_damaged")} == set()


@pytest.mark.parametrize(("now", "to"), list(itertools.product(State, State)))
def test_what_may_not_follow_is_refused(now: State, to: State) -> None:
    if to in MOVES[now]:
        assert move(now, to) is to
    else:
        with pytest.raises(Conflict) as refused:
            move(now, to)
        assert (refused.value.code, refused.value.params) == ("job_moved_on", {"state": now.value})


@given(st.lists(words, max_size=8))
def test_words_that_come_twice_change_nothing(told: list[Word]) -> None:
    once = twice = QUEUED
    for each in told:
        once = hear(once, each)
        twice = hear(hear(twice, each), each)
    assert once == twice


@given(st.permutations([word(State.PREPARING, 0), word(State.RUNNING, 1), word(State.RUNNING, 2)]))
def test_in_any_order_the_last_word_counts(told: list[Word]) -> None:
    progress = QUEUED
    for each in told:
        progress = hear(progress, each)
    assert (progress.state, progress.done, progress.last_n) == (State.RUNNING, 2, 2)


@given(st.lists(words, max_size=8), st.sampled_from(sorted(ENDS)))
def test_an_end_is_final(told: list[Word], end: State) -> None:
    ended = hear(QUEUED, word(end, 3, code="x"))
    progress = ended
    for each in told:
        progress = hear(progress, each)
    assert progress == ended
    assert lose(progress, "job_out_of_sight", {}) == ended


def test_an_end_that_overtakes_the_progress_before_it_counts() -> None:
    progress = hear(hear(QUEUED, word(State.RUNNING, 5)), word(State.FAILED, 2, code="board_silent"))
    assert (progress.state, progress.code, progress.last_n) == (State.FAILED, "board_silent", 5)


def test_words_of_another_attempt_are_not_of_this_one() -> None:
    assert hear(QUEUED, word(State.SUCCEEDED, 9, attempt=2)) is QUEUED


def test_a_job_out_of_sight_goes_on_when_it_is_heard_again() -> None:
    lost = lose(hear(QUEUED, word(State.RUNNING, 1)), "job_out_of_sight", {})
    assert (lost.state, lost.code) == (State.UNKNOWN, "job_out_of_sight")
    assert hear(lost, word(State.RUNNING, 2)).state is State.RUNNING
    assert hear(lost, word(State.SUCCEEDED, 2)).code == ""
    assert lose(QUEUED, "job_out_of_sight", {}) is QUEUED


@given(
    st.binary(max_size=300)
    | st.from_regex(rb'\{"job":"[a-f]{1,4}","attempt":-?\d+,"n":\d+,"state":"\w+".*\}')
)
def test_any_bytes_are_a_word_or_refused(payload: bytes) -> None:
    try:
        told = parse_word(payload)
    except Invalid:
        return
    assert told.state in UNDERWAY | ENDS


@pytest.mark.parametrize(
    "told",
    [
        {"attempt": 0},
        {"attempt": 2**31},
        {"n": -1},
        {"state": "queued"},
        {"state": "unknown"},
        {"job": "x" * 65},
        {"params": []},
    ],
)
def test_a_word_that_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    good = {"job": "j", "attempt": 1, "n": 0, "state": "failed", "code": "x", "params": {}}
    assert parse_word(json.dumps(good).encode()).ends
    with pytest.raises(Invalid):
        parse_word(json.dumps(good | told).encode())
