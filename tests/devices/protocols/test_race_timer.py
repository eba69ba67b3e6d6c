"""Race timers as data: what their documents and recorded sessions say is what the lab understands."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.kits.race_timer.profiles import FOLDER, load_profiles
from devices.protocols.race_session import (
    Armed,
    Finished,
    GateState,
    Identified,
    LaneTime,
    NotUnderstood,
    RaceSession,
    Started,
)
from devices.protocols.race_timer import ProfileError, parse_profile

SESSIONS = Path(__file__).parents[1] / "kits" / "sessions"


def understood(name: str, lanes: tuple[int, ...] = ()) -> list[object]:
    session = RaceSession(load_profiles()[name], lanes)
    lines = (SESSIONS / f"{name}.txt").read_bytes().splitlines(keepends=True)
    return [event for line in lines if not line.startswith(b">") for event in session.feed(line)]


def test_a_fasttrack_tells_lanes_by_letters_and_its_start_by_the_gate():
    assert understood("fasttrack") == [
        Identified("Copyright (c) Micro Wizard 2002-2005"),
        GateState("closed"),
        Armed(None),
        GateState("open"),
        Started(),
        LaneTime(1, 3_870_000, 1000),
        LaneTime(2, 3_412_000, 1000),
        LaneTime(3, 4_055_000, 1000),
        LaneTime(4, 3_998_000, 1000),
        LaneTime(5, None, 1000),
        LaneTime(6, None, 1000),
    ]


def test_a_derby_timer_tells_its_lanes_its_start_and_its_end():
    assert understood("derbytimer") == [
        Identified("RESET"),
        Armed(3),
        GateState("closed"),
        GateState("open"),
        Started(),
        LaneTime(1, 2_418_600, 100),
        LaneTime(2, 2_726_900, 100),
        LaneTime(3, None, 100),
        Finished(),
        Armed(3),
    ]


def test_a_supertimer_tells_a_lane_and_its_time_on_two_lines_and_who_is_missing_by_silence():
    assert understood("supertimer", (1, 2, 3, 4)) == [
        Identified("UUUUt"),
        LaneTime(1, 1_949_100, 100),
        LaneTime(3, 2_037_600, 100),
        LaneTime(2, 2_756_300, 100),
        LaneTime(4, None, 100),
        Finished(),
    ]


def test_a_session_of_bert_drakes_document_is_understood():
    events = understood("bert_drake")
    assert events[:4] == [Identified("Gc"), GateState("closed"), Armed(None), Started()]
    assert events[4:] == [
        LaneTime(3, 2_882_000, 100),
        LaneTime(1, 3_510_900, 100),
        LaneTime(4, 3_513_400, 100),
        LaneTime(2, 3_620_200, 100),
        LaneTime(5, None, 100),
        Finished(),
    ]


@pytest.mark.parametrize(
    ("name", "lanes", "commands"),
    [
        ("fasttrack", (1, 2, 3, 4), ("MG", "ME", "MF", "LR")),
        ("derbytimer", (1, 2), ("C", "M3#", "M4#", "M5#", "M6#")),
        ("supertimer", (1, 2, 3, 4), ("3O5A",)),
        ("supertimer", (3, 4, 5, 6), ("3|5A",)),
    ],
)
def test_a_race_is_prepared_by_masking_the_empty_lanes(name, lanes, commands):
    assert load_profiles()[name].arming(lanes) == commands


def test_every_profile_is_short_enough_to_be_read_at_a_glance():
    assert {file.stem: len(file.read_text().splitlines()) <= 14 for file in FOLDER.glob("*.toml")} == (
        dict.fromkeys(load_profiles(), True)
    )


@given(st.sampled_from(sorted(load_profiles())), st.binary(max_size=3000), st.integers(1, 50))
def test_noise_in_any_pieces_makes_no_error_and_keeps_no_more_than_a_line(name, noise, size):
    session = RaceSession(load_profiles()[name])
    for at in range(0, len(noise), size):
        list(session.feed(noise[at : at + size]))
    list(session.pending())
    list(session.feed(noise))
    assert len(session._kept) <= 200


@given(st.integers(1, 40))
def test_a_session_cut_anywhere_means_the_same(size):
    data = b"\r\n".join((SESSIONS / "derbytimer.txt").read_bytes().replace(b">", b"").splitlines()) + b"\r\n"
    whole, cut = (RaceSession(load_profiles()["derbytimer"]) for _ in range(2))
    pieces = [event for at in range(0, len(data), size) for event in cut.feed(data[at : at + size])]
    assert pieces == list(whole.feed(data))


def test_what_is_not_explained_is_said():
    session = RaceSession(load_profiles()["derbytimer"])
    assert list(session.feed(b"HELLO\r\n7 1.0\r\n")) == [NotUnderstood("HELLO")]


GOOD = 'name="X"\nlanes=2\nprobe={say="V",hear="X"}\nresults=["(?P<lane>\\\\d) (?P<time>\\\\d+)"]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "file: "),
        ('name="X"', "lanes: is missing"),
        (GOOD.replace("say", "ask"), "line 3, probe.ask: is not known"),
        (GOOD + "colour=1", "line 5, colour: is not known"),
        (GOOD + 'baud="fast"', "line 5, baud: is not what belongs here"),
        (GOOD.replace("lanes=2", "lanes=99"), "line 2, lanes: must be 1 to 16"),
        (GOOD.replace("?P<time>", ""), "line 4, results: need the groups lane and time"),
        (GOOD.replace('hear="X"', 'hear="("'), "line 3, probe.hear: "),
        (GOOD + "[gate]\nask=1", "line 6, gate.ask: is not what belongs here"),
    ],
)
def test_a_profile_that_cannot_be_says_which_line_and_why(text, said):
    with pytest.raises(ProfileError) as told:
        parse_profile(text)
    assert str(told.value).startswith(said)


def test_a_schools_own_timer_is_four_lines():
    session = RaceSession(parse_profile(GOOD))
    assert list(session.feed(b"1 3\n")) == [LaneTime(1, 3_000_000, 1_000_000)]
