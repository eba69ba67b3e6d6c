"""Stand-ins for waiting and watches."""

import time


def wait(time_ms):
    time.sleep_ms(int(time_ms))


class StopWatch:
    """Milliseconds since it was made, without its pauses."""

    def __init__(self):
        self._kept_ms = 0
        self._since_ms = time.ticks_ms()
        self._runs = True

    def time(self):
        if not self._runs:
            return self._kept_ms
        return self._kept_ms + time.ticks_diff(time.ticks_ms(), self._since_ms)

    def pause(self):
        self._kept_ms, self._runs = self.time(), False

    def resume(self):
        if not self._runs:
            self._since_ms, self._runs = time.ticks_ms(), True

    def reset(self):
        self._kept_ms, self._since_ms = 0, time.ticks_ms()
