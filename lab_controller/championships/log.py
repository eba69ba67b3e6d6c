"""The championship log as bytes: canonical lines, the hash chain, export and verification. No database."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lab_controller.canonical import canonical_json

FORMAT: Final = "lab-championship-log"
VERSION: Final = 1
LONGEST_LINE: Final = 1 << 20

FIELDS: Final = ("seq", "at_us", "actor", "source", "kind", "payload", "voids")
LINE_KEYS: Final = frozenset((*FIELDS, "prev_hash", "hash"))
TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "seq": (int,),
    "at_us": (int,),
    "actor": (str,),
    "source": (str,),
    "kind": (str,),
    "payload": (dict,),
    "voids": (int, type(None)),
    "prev_hash": (str,),
    "hash": (str,),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one line of an exported log; `line` counts from 1."""

    line: int
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`head` is the hash after the last good record; `problem` is the first line that does not hold."""

    championship: str
    records: int
    head: str
    problem: Problem | None = None

    @property
    def ok(self) -> bool:
        return self.problem is None


def genesis_hash(championship: str) -> str:
    """What the first record of `championship` names as its predecessor."""
    return hashlib.sha256(canonical_json([FORMAT, VERSION, championship]).encode()).hexdigest()


def record_hash(prev_hash: str, fields: Mapping[str, Any]) -> str:
    """SHA-256 over the predecessor's hash and the record's own canonical fields.

    Raises ValueError for a payload that is not JSON in UTF-8.
    """
    body = canonical_json({name: fields[name] for name in FIELDS})
    return hashlib.sha256(f"{prev_hash}\n{body}".encode()).hexdigest()


def format_header(championship: str) -> str:
    return canonical_json(
        {
            "championship": championship,
            "format": FORMAT,
            "genesis": genesis_hash(championship),
            "version": VERSION,
        }
    )


def format_trailer(records: int, head: str) -> str:
    return canonical_json({"end": True, "hash": head, "records": records})


def export_lines(championship: str, records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """JSON lines, each with its line end: a header, every record with its hashes, a trailer.

    The trailer names the count and the last hash, so a cut tail shows.
    """
    yield format_header(championship) + "\n"
    count, head = 0, genesis_hash(championship)
    for record in records:
        count, head = count + 1, record["hash"]
        yield canonical_json({name: record[name] for name in LINE_KEYS}) + "\n"
    yield format_trailer(count, head) + "\n"


class _Broken(Exception):
    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def verify_lines(lines: Iterable[bytes]) -> VerifyReport:
    """Check an exported log byte by byte; the report names the first line that does not hold, and why."""
    check = _Check()
    number = 0
    for number, line in enumerate(lines, start=1):
        try:
            check.take(line)
        except _Broken as broken:
            return check.report(Problem(number, broken.code, broken.params))
    if not number:
        return check.report(Problem(1, "empty"))
    if not check.ended:
        return check.report(Problem(number + 1, "cut", {"records": check.records}))
    return check.report(None)


class _Check:
    def __init__(self) -> None:
        self.championship = ""
        self.records = 0
        self.head = ""
        self.ended = False

    def report(self, problem: Problem | None) -> VerifyReport:
        return VerifyReport(self.championship, self.records, self.head, problem)

    def take(self, line: bytes) -> None:
        if self.ended:
            raise _Broken("after_end")
        value = _parse_line(line)
        if not self.head:
            self._header(value)
        elif "end" in value:
            self._trailer(value)
        else:
            self._record(value)

    def _header(self, value: dict[str, Any]) -> None:
        championship = value.get("championship")
        if not isinstance(championship, str) or value.get("format") != FORMAT:
            raise _Broken("not_a_log")
        if canonical_json(value) != format_header(championship):
            raise _Broken("header")
        self.championship = championship
        self.head = value["genesis"]

    def _record(self, value: dict[str, Any]) -> None:
        _check_fields(value)
        expected = self.records + 1
        if value["seq"] != expected:
            raise _Broken("seq", expected=expected, found=value["seq"])
        if value["prev_hash"] != self.head:
            raise _Broken("prev_hash", expected=self.head, found=value["prev_hash"])
        computed = record_hash(self.head, value)
        if value["hash"] != computed:
            raise _Broken("hash", stated=value["hash"], computed=computed)
        if value["voids"] is not None and not 0 < value["voids"] < expected:
            raise _Broken("voids", voids=value["voids"])
        self.records, self.head = expected, computed

    def _trailer(self, value: dict[str, Any]) -> None:
        if value.get("records") != self.records:
            raise _Broken("count", stated=value.get("records"), found=self.records)
        if value.get("hash") != self.head:
            raise _Broken("hash", stated=value.get("hash"), computed=self.head)
        if canonical_json(value) != format_trailer(self.records, self.head):
            raise _Broken("fields")
        self.ended = True


def _parse_line(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise _Broken("long", limit=LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise _Broken("torn")
    try:
        text = line[:-1].decode()
    except UnicodeDecodeError as error:
        raise _Broken("not_utf8", byte=error.start + 1) from None
    try:
        value = json.loads(text)
        same = canonical_json(value) == text
    except (ValueError, RecursionError):
        raise _Broken("not_json") from None
    if not same:
        raise _Broken("not_canonical")
    if not isinstance(value, dict):
        raise _Broken("fields")
    return value


def _check_fields(value: Mapping[str, Any]) -> None:
    if set(value) != LINE_KEYS:
        raise _Broken(
            "fields", missing=sorted(LINE_KEYS - set(value)), unknown=sorted(set(value) - LINE_KEYS)
        )
    wrong = sorted(name for name, types in TYPES.items() if type(value[name]) not in types)
    if wrong:
        raise _Broken("fields", wrong=wrong)


def chain(
    championship: str, entries: Sequence[Mapping[str, Any]], *, after: int = 0, prev_hash: str | None = None
) -> list[dict[str, Any]]:
    """Number and hash `entries` (records without seq) so that they follow record `after`."""
    head = genesis_hash(championship) if prev_hash is None else prev_hash
    records: list[dict[str, Any]] = []
    for seq, entry in enumerate(entries, start=after + 1):
        record = {**entry, "seq": seq, "prev_hash": head}
        head = record["hash"] = record_hash(head, record)
        records.append(record)
    return records
