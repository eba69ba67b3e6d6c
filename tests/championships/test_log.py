"""The exported log: what `lab verify` accepts and what it refuses, without a database."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_controller.championships.log import (
    Problem,
    VerifyReport,
    chain,
    export_lines,
    genesis_hash,
    verify_lines,
)

SLUG = "almaty-2026"


def entry(
    kind: str, payload: dict[str, Any], *, at_us: int = 1_700_000_000_000_000, **more: Any
) -> dict[str, Any]:
    return {
        "at_us": at_us,
        "actor": "judge-1",
        "source": "tablet",
        "kind": kind,
        "payload": payload,
        "voids": None,
        **more,
    }


def export(count: int) -> list[bytes]:
    entries = [
        entry("passage_seen", {"run": f"r{n}", "point": "Старт", "us": n * 1000}) for n in range(count)
    ]
    return [line.encode() for line in export_lines(SLUG, chain(SLUG, entries))]


def test_untouched_log_verifies_and_names_its_championship_count_and_head() -> None:
    records = chain(
        SLUG, [entry("run_opened", {"run": "r1"}), entry("run_signed", {"name": "Әсел"}, voids=1)]
    )
    report = verify_lines(line.encode() for line in export_lines(SLUG, records))
    assert report == VerifyReport(SLUG, 2, records[1]["hash"])
    assert report.ok


def test_empty_championship_exports_a_log_that_verifies() -> None:
    assert verify_lines(export(0)).head == genesis_hash(SLUG)


def test_every_single_byte_change_is_refused_on_its_own_line() -> None:
    lines = export(3)
    whole = b"".join(lines)
    line_of = [number for number, line in enumerate(lines, start=1) for _ in line]
    for position in range(len(whole)):
        for flip in (0x01, 0x20, 0x80):
            broken = bytearray(whole)
            broken[position] ^= flip
            report = verify_lines(split_lines(bytes(broken)))
            assert not report.ok, position
            assert report.problem is not None
            assert report.problem.line == line_of[position], (position, report.problem)


@given(data=st.data(), count=st.integers(1, 12))
def test_any_byte_replaced_removed_or_inserted_is_refused(data: st.DataObject, count: int) -> None:
    whole = b"".join(export(count))
    position = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[position]))
    damaged = data.draw(
        st.sampled_from(
            [
                whole[:position] + bytes([byte]) + whole[position + 1 :],
                whole[:position] + whole[position + 1 :],
                whole[:position] + bytes([byte]) + whole[position:],
            ]
        )
    )
    assert not verify_lines(split_lines(damaged)).ok


@given(count=st.integers(2, 12), data=st.data())
def test_removed_or_swapped_lines_are_refused_where_they_are_missed(count: int, data: st.DataObject) -> None:
    lines = export(count)
    gone = data.draw(st.integers(1, count))
    removed = verify_lines(lines[:gone] + lines[gone + 1 :])
    expected = Problem(gone + 1, "count", {"stated": count, "found": count - 1})
    if gone < count:
        expected = Problem(gone + 1, "seq", {"expected": gone, "found": gone + 1})
    assert removed.problem == expected

    first = data.draw(st.integers(1, count - 1))
    second = data.draw(st.integers(first + 1, count))
    swapped = list(lines)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    assert verify_lines(swapped).problem == Problem(first + 1, "seq", {"expected": first, "found": second})


@given(count=st.integers(0, 8), data=st.data())
def test_a_tail_cut_at_any_byte_is_refused(count: int, data: st.DataObject) -> None:
    whole = b"".join(export(count))
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert not verify_lines(split_lines(whole[:cut])).ok


def test_a_tail_cut_between_lines_says_how_many_records_are_left() -> None:
    assert verify_lines(export(5)[:4]).problem == Problem(5, "cut", {"records": 3})


def test_nothing_may_follow_the_trailer() -> None:
    lines = export(2)
    assert verify_lines([*lines, lines[-1]]).problem == Problem(5, "after_end")


def test_a_log_of_another_championship_cannot_be_passed_off() -> None:
    ours, theirs = export(1), [line.encode() for line in export_lines("other", [])]
    report = verify_lines([theirs[0], *ours[1:]])
    assert report.problem is not None
    assert (report.problem.line, report.problem.code) == (2, "prev_hash")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "torn"),
        (b"{}\n", "not_a_log"),
        (b"[1]\n", "fields"),
        (b"\xff\xfe\n", "not_utf8"),
        (b"[" * 100_000 + b"\n", "not_json"),
        (b'{"a":' + b"9" * 5000 + b"}\n", "not_json"),
        (b'{"a":NaN}\n', "not_json"),
        (b'"' + b"a" * (1 << 20) + b'"\n', "long"),
    ],
)
def test_hostile_first_lines_get_their_reason(line: bytes, code: str) -> None:
    report = verify_lines([line])
    assert report.problem is not None
    assert (report.problem.line, report.problem.code) == (1, code)


@given(st.binary(max_size=300))
def test_random_bytes_never_verify_and_never_raise(data: bytes) -> None:
    assert not verify_lines(split_lines(data)).ok


def test_text_that_cannot_be_utf8_is_refused_before_it_is_logged() -> None:
    with pytest.raises(ValueError):
        chain(SLUG, [entry("run_signed", {"name": "\ud800"})])


def test_a_long_log_is_verified_to_its_end() -> None:
    lines = export(10_000)
    assert verify_lines(lines).records == 10_000
    told = verify_lines([*lines[:-2], lines[-1]])
    assert not told.ok


def test_a_shuffled_log_is_refused() -> None:
    lines = export(20)
    body = lines[1:-1]
    random.Random(4).shuffle(body)
    assert not verify_lines([lines[0], *body, lines[-1]]).ok


def split_lines(data: bytes) -> list[bytes]:
    """Split at line feeds only, as reading a binary file does."""
    return [piece + b"\n" for piece in data.split(b"\n")[:-1]] + (
        [rest] if (rest := data.rsplit(b"\n", 1)[-1]) else []
    )
