"""The TCP connections of this machine, as Linux shows them to everybody."""

import sys
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

ESTABLISHED = "01"

Host = IPv4Address | IPv6Address


def is_connected(proc: Path, hosts: Iterable[str], port: int) -> bool:
    """Whether a program of this machine holds a connection to the port of one of the hosts."""
    wanted = {_plain(ip_address(host)) for host in hosts}
    return any(far_port == port and far in wanted for far, far_port in _iter_far_ends(proc))


def _iter_far_ends(proc: Path) -> Iterable[tuple[Host, int]]:
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, _, far, state, *_ = line.split()
            if state == ESTABLISHED:
                yield _parse_end(far)


def _parse_end(text: str) -> tuple[Host, int]:
    """`0100007F:075B`: words of 32 bits in the machine's own byte order, and the port."""
    host, _, port = text.partition(":")
    words = (int(host[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(host), 8))
    return _plain(ip_address(b"".join(words))), int(port, 16)


def _plain(host: Host) -> Host:
    """An IPv4 address is itself in an IPv6 connection too."""
    return getattr(host, "ipv4_mapped", None) or host
