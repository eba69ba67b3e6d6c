"""The last 256 passages in RAM, each until the hub says that it is committed."""

from time import ticks_add, ticks_diff, ticks_ms

KEPT = 256
RESEND_MS = 5_000

SEQ, LANE, EDGE, US = range(4)


class Ring:
    """The main loop adds; the network thread sends and commits. No entry is ever changed, only replaced."""

    def __init__(self):
        self.last_seq = 0
        self.lost = None  # (first, last) seq that was overwritten before its commit
        self._entries = [None] * KEPT
        self._committed = bytearray(b"\1" * KEPT)
        self._resend_at = [0] * KEPT
        self._sent = 0

    def add(self, lane, edge, us):
        seq = self.last_seq + 1
        at = seq % KEPT
        if not self._committed[at]:
            gone = self._entries[at][SEQ]
            self.lost = (self.lost[0] if self.lost else gone, gone)
        self._entries[at] = (seq, lane, edge, us)
        self._committed[at] = 0
        self.last_seq = seq

    def due(self):
        """The oldest passage that was never sent, else one that waits too long for its commit, else None."""
        oldest = max(1, self.last_seq - KEPT + 1)
        if self._sent < self.last_seq:
            self._sent = max(self._sent + 1, oldest)
            return self._take(self._sent)
        now = ticks_ms()
        for seq in range(oldest, self._sent + 1):
            if not self._committed[seq % KEPT] and ticks_diff(now, self._resend_at[seq % KEPT]) >= 0:
                return self._take(seq)
        return None

    def send_again(self):
        """After a new connection: all that is not committed is due."""
        now = ticks_ms()
        for at in range(KEPT):
            self._resend_at[at] = now

    def commit(self, seqs):
        for seq in seqs:
            entry = self._entries[seq % KEPT]
            if entry and entry[SEQ] == seq:
                self._committed[seq % KEPT] = 1

    def _take(self, seq):
        self._resend_at[seq % KEPT] = ticks_add(ticks_ms(), RESEND_MS)
        return self._entries[seq % KEPT]
