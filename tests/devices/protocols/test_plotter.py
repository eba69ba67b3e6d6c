"""What a pupil prints for the Serial Plotter is telemetry."""

import pytest

from devices.protocols.plotter import Sample, parse_plotter


@pytest.mark.parametrize(
    ("line", "samples"),
    [
        ("temp:23.5,light:410", (Sample("temp", "temp", 23.5), Sample("light", "light", 410.0))),
        ("Left Motor: -3\tRight Motor:4e2", (Sample("left-motor", "Left Motor", -3.0),
                                             Sample("right-motor", "Right Motor", 400.0))),
        ("12 7", (Sample("value-1", "value 1", 12.0), Sample("value-2", "value 2", 7.0))),
        ("жарық:5", (Sample("value-1", "жарық", 5.0),)),
    ],
)  # fmt: skip
def test_a_plotter_line_gives_its_values(line, samples):
    assert parse_plotter(line) == samples


@pytest.mark.parametrize("line", ["", "hello", "temp:", "temp:nan", "a:1,b", "a:1,a:2", "1e999", "x" * 300])
def test_other_text_is_not_telemetry(line):
    assert parse_plotter(line) is None
