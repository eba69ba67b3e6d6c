"""What a program may use: `import lab`, then `lab.tell("light", 41, "lx")`. `print` reaches the lab, too."""

import _thread
import time

MOST_SAMPLES = 200
MOST_TEXT = 2000

_lock = _thread.allocate_lock()
_samples = {}
_units = {}
_text = [""]
_skipped = [0]
_last = {}


def tell(key, value, unit=""):
    """A number for the lab's plots; too many of them push the oldest out."""
    value = float(value)
    with _lock:
        times, values = _samples.setdefault(key, ([], []))
        us = max(now_us(), _last.get(key, -1) + 1)
        _last[key], _units[key] = us, unit
        times.append(us)
        values.append(value)
        if len(times) > MOST_SAMPLES:
            times.pop(0)
            values.pop(0)


_ticks = [0, time.ticks_us()]


def now_us():
    """Microseconds since the start, to be asked at least once in four minutes."""
    ticks = time.ticks_us()
    _ticks[0] += time.ticks_diff(ticks, _ticks[1])
    _ticks[1] = ticks
    return _ticks[0]


def show(*values, sep=" ", end="\n"):
    """`print` of the program: on its own console and on the lab's."""
    print(*values, sep=sep, end=end)
    text = sep.join(str(value) for value in values) + end
    with _lock:
        room = MOST_TEXT - len(_text[0])
        _text[0] += text[:room]
        _skipped[0] += max(0, len(text) - room)


def take_batches():
    """[{"key", "unit", "us", "values"}] since the last call."""
    with _lock:
        batches = []
        for key in list(_samples):
            times, values = _samples.pop(key)
            batches.append({"key": key, "unit": _units[key], "us": times, "values": values})
        return batches


def take_text():
    """(text, characters that were too many)."""
    with _lock:
        text, skipped = _text[0], _skipped[0]
        _text[0], _skipped[0] = "", 0
        return text, skipped
