"""How a command that runs for ever is ended."""

import signal


def end_like_ctrl_c() -> None:
    """SIGTERM, by which systemd and Docker stop a service, interrupts: everything is closed in good order.

    What a script starts in the background would ignore the interrupt, and with it SIGTERM.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
