"""Serves an emulator on a pseudo-terminal, which any program opens as a serial port."""

import asyncio
import contextlib
import os
import pty
import select
import termios
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from devices.transports.byte_pipe import BaudPeer, Peer

OPENED_POLL_S = 0.01
READ_BYTES = 4096

_BAUDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
    if hasattr(termios, f"B{baud}")
}


class PtyServer:
    """The far end of a cable; `link` keeps one name for the port when it is plugged in again."""

    def __init__(self, peer: Peer, link: Path | None = None) -> None:
        self._peer = peer
        self._link = link
        self._path = ""
        self._master: int | None = None
        self._reading = False
        self._baud = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def path(self) -> str:
        """What the host opens."""
        return str(self._link or self._path)

    @property
    def is_open(self) -> bool:
        """Whether a host has the port open."""
        return self._reading

    def plug(self) -> None:
        """Make the port appear; needs a running event loop."""
        if self._master is not None:
            return
        self._master, far = pty.openpty()
        tty.setraw(far)
        os.set_blocking(self._master, False)
        self._path = os.ttyname(far)
        os.close(far)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._path)
        self._await_host()

    def unplug(self) -> None:
        """Pull the cable: the host's port fails and the name vanishes."""
        master, self._master = self._master, None
        if master is None:
            return
        self._hang_up(master)
        if self._timer is not None:
            self._timer.cancel()
        os.close(master)
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def _await_host(self) -> None:
        """Only polling tells that somebody opened the other end."""
        if self._master is None:
            return
        poll = select.poll()
        poll.register(self._master, 0)
        if poll.poll(0):
            self._timer = asyncio.get_running_loop().call_later(OPENED_POLL_S, self._await_host)
            return
        self._reading, self._baud = True, 0
        asyncio.get_running_loop().add_reader(self._master, self._read)
        self._watch_baud()
        self._peer.opened(self._say)

    def _watch_baud(self) -> None:
        """The host sets the speed after it has opened the port, and may set it again."""
        if self._master is None or not self._reading or not isinstance(self._peer, BaudPeer):
            return
        baud = _BAUDS.get(termios.tcgetattr(self._master)[4], 0)
        if baud and baud != self._baud:
            self._baud = baud
            self._peer.set_baud(baud)
        self._timer = asyncio.get_running_loop().call_later(OPENED_POLL_S, self._watch_baud)

    def _read(self) -> None:
        if self._master is None:
            return
        try:
            data = os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._hang_up(self._master)
            if self._timer is not None:
                self._timer.cancel()
            self._await_host()
            return
        self._peer.heard(data)

    def _say(self, data: bytes) -> None:
        if self._master is not None and self._reading:
            with contextlib.suppress(OSError):  # nobody reads: a real UART loses the bytes too
                os.write(self._master, data)

    def _hang_up(self, master: int) -> None:
        if self._reading:
            self._reading = False
            asyncio.get_running_loop().remove_reader(master)
            self._peer.closed()


@runtime_checkable
class Plugged(Protocol):
    """An emulator that pulls its own cable, as a board does that restarts."""

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug it into a pseudo-terminal."""
        ...

    def vanish(self) -> None:
        """Pull the cable."""
        ...


@contextlib.contextmanager
def plug_in(emulator: Peer, link: Path) -> Iterator[PtyServer]:
    """A port of this name, until it is left."""
    if isinstance(emulator, Plugged):
        server = emulator.serve(link)
    else:
        server = PtyServer(emulator, link)
        server.plug()
    try:
        yield server
    finally:
        if isinstance(emulator, Plugged):
            emulator.vanish()
        server.unplug()
