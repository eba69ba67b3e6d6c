"""Where this machine stands in its network."""

import socket
from ipaddress import ip_address


def find_lan_address() -> str | None:
    """The address by which others in the network reach this machine; None if it is in no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: the system only chooses the way it would take.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if is_loopback(address) else address


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, means the machine itself."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold().rstrip(".") == "localhost"
