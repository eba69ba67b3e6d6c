"""Who the gate is and which start this is."""

import os
from binascii import hexlify

from machine import unique_id

BOOT_FILE = "boot.txt"


def device_id():
    return "gate-" + hexlify(unique_id()[-3:]).decode()


def count_boot():
    """The id of this start, four hex digits; the counter is replaced whole, so a power cut cannot repeat one."""
    try:
        with open(BOOT_FILE) as file:
            boot = int(file.read()) + 1
    except (OSError, ValueError):
        # A file system written anew must not count through boots that the lab has stored already.
        boot = int.from_bytes(os.urandom(2), "big")
    with open(BOOT_FILE + ".new", "w") as file:
        file.write(str(boot))
    os.rename(BOOT_FILE + ".new", BOOT_FILE)
    return "%04x" % (boot & 0xFFFF)
