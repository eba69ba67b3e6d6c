"""One line of a championship's log, without the hash chain."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Record(NamedTuple):
    """`voids` is the seq of the record that this one takes back."""

    seq: int
    at_us: int
    actor: str
    source: str
    kind: str
    payload: Mapping[str, Any]
    voids: int | None = None


def parse_record(line: Mapping[str, Any]) -> Record:
    """A record from a log line that was parsed from JSON; other keys (hashes) are left aside."""
    return Record(
        line["seq"],
        line["at_us"],
        line["actor"],
        line["source"],
        line["kind"],
        line["payload"],
        line.get("voids"),
    )
