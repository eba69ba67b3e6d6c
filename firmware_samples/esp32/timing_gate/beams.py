"""Raw edges of a beam, stamped in its interrupt."""

from time import ticks_us

from machine import Pin

QUEUE = 32


class Beam:
    """A receiver that is HIGH when its beam is clear. The interrupt writes, the main loop takes."""

    def __init__(self, lane, gpio):
        self.lane = lane
        self.dropped = 0
        self._pin = Pin(gpio, Pin.IN, Pin.PULL_UP)
        self._ticks = [0] * QUEUE
        self._levels = bytearray(QUEUE)
        self._head = self._tail = 0
        self._pin.irq(self._on_edge, Pin.IRQ_FALLING | Pin.IRQ_RISING)

    def is_clear(self):
        return bool(self._pin.value())

    def take(self):
        """(ticks, is_clear) of the oldest raw edge, or None."""
        tail = self._tail
        if tail == self._head:
            return None
        edge = self._ticks[tail], bool(self._levels[tail])
        self._tail = (tail + 1) % QUEUE
        return edge

    def _on_edge(self, pin):
        ticks = ticks_us()
        head = self._head
        following = (head + 1) % QUEUE
        if following == self._tail:
            self.dropped += 1
            return
        self._ticks[head] = ticks
        self._levels[head] = pin.value()
        self._head = following
