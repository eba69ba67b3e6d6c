"""Keeps the cyclic garbage collector from walking through what is being built."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Build a large value that holds no garbage; collections would only cost time, more with each record."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
