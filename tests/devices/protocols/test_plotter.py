"""What a pupil prints for the Serial Plotter is telemetry."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.plotter import Sample, parse_plotter


@pytest.mark.parametrize(
    ("line", "samples"),
    [
        ("temp:23.5,light:410", (Sample("temp", "temp", 23.5), Sample("light", "light", 410.0))),
        ("Left Motor: -3\tRight Motor:4e2", (Sample("left-motor", "Left Motor", -3.0),
                                             Sample("right-motor", "Right Motor", 400.0))),
        ("12 7", (Sample("value-1", "value 1", 12.0), Sample("value-2", "value 2", 7.0))),
        ("жарық:5", (Sample("value-6e52df40", "жарық", 5.0),)),
        ("свет1:512,темп1:23", (Sample("1-f15c11ae", "свет1", 512.0), Sample("1-74f44bf6", "темп1", 23.0))),
        ("T:21,t:5", (Sample("t-be047a60", "T", 21.0), Sample("t", "t", 5.0))),
        ("stream:5", (Sample("stream-f0e9be1c", "stream", 5.0),)),
    ],
)  # fmt: skip
def test_a_plotter_line_gives_its_values(line, samples):
    assert parse_plotter(line) == samples


@pytest.mark.parametrize("line", ["", "hello", "temp:", "temp:nan", "a:1,b", "a:1,a:2", "1e999", "x" * 300])
def test_other_text_is_not_telemetry(line):
    assert parse_plotter(line) is None


@given(
    st.lists(
        st.text("аәжқсө° tT-_", min_size=1, max_size=8).map(str.strip).filter(bool),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_each_name_of_a_line_is_a_series_of_its_own(names):
    """Whatever stands beside it and in whichever line, as long as one line tells them apart."""
    samples = parse_plotter(",".join(f"{name}:5" for name in names))
    assert samples is not None
    assert [each.name for each in samples] == names
    keys = [each.key for each in samples]
    assert len(set(keys)) == len(names)
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", key) for key in keys)


def test_names_in_cyrillic_letters_stay_apart_on_lines_of_their_own():
    lines = ("свет:512", "темп:23", "свет:513", "сол датчик 1:5", "оң датчик 1:7")
    keys = [parse_plotter(line)[0].key for line in lines]
    assert keys[0] == keys[2]
    assert len(set(keys)) == 4
