"""Raw edges to passages: the first edge counts at once, edges in the next 20 ms are evidence, and if the beam ends
that window in another state than reported, its last raw edge is a passage too."""

from time import ticks_us

WINDOW_US = 20_000


class Lane:
    def __init__(self, beam, clock, on_passage, on_edge):
        self.bounces = 0
        self._beam, self._clock = beam, clock
        self._on_passage, self._on_edge = on_passage, on_edge
        self._reported = self._clear = beam.is_clear()
        self._window_us = None
        self._last_us = 0

    def poll(self):
        now_us = self._clock.now()
        edge = self._beam.take()
        if edge is None and self._beam.is_clear() != self._clear:
            edge = self._beam.take() or (ticks_us(), not self._clear)  # an edge that no interrupt told of
        while edge:
            self._see(self._clock.at(edge[0]), edge[1])
            edge = self._beam.take()
        self._close_windows(now_us)

    def _see(self, us, is_clear):
        self._close_windows(us)
        self._clear, self._last_us = is_clear, us
        if self._window_us is None and is_clear != self._reported:
            self._report(us)
        else:
            self.bounces += 1
            self._on_edge(self._beam.lane, is_clear, us)

    def _close_windows(self, now_us):
        while self._window_us is not None and now_us - self._window_us >= WINDOW_US:
            self._window_us = None
            if self._clear != self._reported:
                self._report(self._last_us)

    def _report(self, us):
        self._reported, self._window_us = self._clear, us
        self._on_passage(self._beam.lane, self._clear, us)
