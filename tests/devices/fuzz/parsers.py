"""How a parser becomes a target, and which parsers there are."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import devices.protocols
from tests.devices.fuzz.target import Target

PARSES = ("parse_", "decode", "unpack_")
FEEDS = ("feed", "hear")
FORMATS_ONLY = {"vex"}
"""Modules that read nothing."""


class Reader:
    """A parser that keeps what is unfinished."""

    def __init__(self, feed: Callable[[bytes], object], close: Callable[[], object] = lambda: None) -> None:
        self._feed = feed
        self._close = close

    def feed(self, data: bytes) -> None:
        told = self._feed(data)
        if isinstance(told, Iterator):
            list(told)

    def close(self) -> None:
        self._close()


def reader(
    covers: str,
    make: Callable[[], Any],
    seeds: Iterable[bytes],
    close: Callable[[Any], object] = lambda _: None,
) -> Target:
    """A class with `feed`."""

    def begin() -> Reader:
        parser = make()
        return Reader(parser.feed, lambda: close(parser))

    return Target(covers, begin, [list(seeds)], covers=(covers,))


def function(
    covers: str,
    parse: Callable[[bytes], object],
    seeds: Iterable[bytes],
    errors: tuple[type[Exception], ...] = (),
) -> Target:
    """A function, called with each piece."""
    return Target(covers, lambda: Reader(parse), [[seed] for seed in seeds], errors, (covers,))


def text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    """For parsers of text that was decoded before."""
    return lambda data: parse(data.decode("utf-8", "replace"))


def iter_parsers() -> Iterator[str]:
    """Whatever in `devices/protocols` looks like a parser, as `module.name`."""
    for found in pkgutil.iter_modules(devices.protocols.__path__):
        module = importlib.import_module(f"devices.protocols.{found.name}")
        for name, one in vars(module).items():
            if name.startswith("_") or getattr(one, "__module__", "") != module.__name__:
                continue
            feeds = inspect.isclass(one) and any(hasattr(one, feed) for feed in FEEDS)
            if feeds or (inspect.isfunction(one) and name.startswith(PARSES)):
                yield f"{found.name}.{name}"


def modules_without(covered: Iterable[str]) -> set[str]:
    """Protocols of which nothing is fuzzed, though they read something."""
    names = {found.name for found in pkgutil.iter_modules(devices.protocols.__path__)}
    return names - FORMATS_ONLY - {each.partition(".")[0] for each in covered}
