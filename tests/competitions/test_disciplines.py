"""Disciplines as data: the built-in files keep their examples, wrong files are refused with the place."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.disciplines import (
    Discipline,
    DisciplineError,
    iter_disciplines,
    load_discipline,
    parse_discipline,
)
from competitions.disciplines.examples import Mismatch, check_examples
from tests.competitions.benches import discipline_text, penalty

BUILT_IN = tuple(iter_disciplines())


def refused(text: str) -> tuple[str, object]:
    with pytest.raises(DisciplineError) as error:
        parse_discipline(text)
    return error.value.code, error.value.params.get("path")


@pytest.mark.parametrize("discipline", BUILT_IN, ids=lambda each: each.id)
def test_every_built_in_discipline_keeps_its_worked_examples(discipline: Discipline) -> None:
    assert discipline.examples
    assert check_examples(discipline) == ()


def test_the_built_in_disciplines_are_these() -> None:
    assert [each.id for each in BUILT_IN] == [
        "drag_race",
        "line_following_a",
        "line_following_b",
        "line_following_c",
        "line_following_d",
        "robo_race",
        "robo_race_best_lap",
    ]


@pytest.mark.parametrize("discipline", BUILT_IN, ids=lambda each: each.id)
def test_a_discipline_s_file_is_named_after_it_and_names_its_source(discipline: Discipline) -> None:
    folder = Path(parse_discipline.__wrapped__.__code__.co_filename).parent
    assert load_discipline(folder / f"{discipline.id}.toml") == discipline
    assert set(discipline.source) == {"kk", "ru", "en"}
    assert len(set(discipline.source.values())) == 3


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (discipline_text(), {}),
        (
            discipline_text('source = "School 12"'),
            {"kk": "School 12", "ru": "School 12", "en": "School 12"},
        ),
        (
            discipline_text(tables='[source]\nkk = "Мектеп"\nru = "Школа"\nen = "School"'),
            {"kk": "Мектеп", "ru": "Школа", "en": "School"},
        ),
    ],
)
def test_the_source_is_one_text_for_all_or_one_in_each_language(text: str, source: dict[str, str]) -> None:
    assert parse_discipline(text).source == source


def test_an_example_that_does_not_hold_is_told() -> None:
    text = discipline_text() + (
        '[[examples]]\nname = "slow first"\nrows = [{ entry = "A", place = 1, attempts = [{ time_s = 2 }] },'
        ' { entry = "B", place = 2, attempts = [{ time_s = 1 }] }]\n'
        '[[examples]]\nname = "ends"\nsteps = [{ arm = true }, { passage = "start" }]\n'
        'expect = { phase = "proposed" }\n'
        '[[examples]]\nname = "typo"\nrows = [{ entry = "A", attempts = [{ penalties = { kick = 1 } }] }]\n'
    )
    assert check_examples(parse_discipline(text)) == (
        Mismatch("slow first", "A", (1, False), (2, False)),
        Mismatch("slow first", "B", (2, False), (1, False)),
        Mismatch("typo", "error", None, "unknown_penalty(penalty='kick')"),
        Mismatch("ends", "phase", "proposed", "running"),
    )


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("", "missing", "attempts"),
        (discipline_text("attemps = 3"), "unknown_field", "attemps"),
        (discipline_text('tie = "coin"'), "unknown_choice", "tie"),
        (discipline_text("time_limit_s = -1"), "out_of_range", "time_limit_s"),
        (discipline_text("time_limit_s = nan"), "out_of_range", "time_limit_s"),
        (discipline_text("time_limit_s = 0.0000001"), "out_of_range", "time_limit_s"),
        (discipline_text("lanes = true"), "wrong_type", "lanes"),
        (discipline_text("lanes = 0"), "out_of_range", "lanes"),
        (discipline_text("score = 3"), "wrong_type", "score"),
        (discipline_text("source = 3"), "wrong_type", "source"),
        (discipline_text(tables='[source]\nen = "School"'), "missing", "source.kk"),
        (discipline_text(key="time_us +"), "expression_syntax", "ranking[0].key"),
        (discipline_text(key="tme_us"), "unknown_variable", "ranking[0].key"),
        (discipline_text(key="params.pins"), "unknown_variable", "ranking[0].key"),
        (discipline_text(key="max(time_us, 1)"), "expression_failed", "ranking[0].key"),
        (discipline_text(key="time_us * 1.5"), "expression_failed", "ranking[0].key"),
        (discipline_text(key="[1, 2].map(x, x)[0]"), "expression_loops", "ranking[0].key"),
        (discipline_text(key="score"), "unknown_variable", "ranking[0].key"),
        (discipline_text(key="1 + " * 200 + "1"), "expression_too_long", "ranking[0].key"),
        (discipline_text(tables=penalty("a", "seconds = 1") * 2), "repeated", "penalties"),
        (discipline_text(tables='[start]\nkind = "signal"\n[start.false_start]\npenalty = "x"'),
         "unknown_penalty", "start.false_start.penalty"),
        (discipline_text(tables='[start]\npoint = "gate1"'), "unknown_choice", "start.point"),
        (discipline_text(tables='[finish]\npoint = "gate1"'), "unknown_choice", "finish.point"),
        (discipline_text(tables='[laps]\ncount = 3\npoint = "gate1"'), "unknown_choice", "laps.point"),
        (discipline_text(tables="[laps]\n[finish]"), "finish_beside_laps", "finish"),
        (discipline_text(tables="[laps]\nminimum_s = 1"), "laps_without_end", "laps.count"),
        (discipline_text(tables='[aggregate]\nmethod = "sum_best_n"'), "missing", "aggregate.n"),
        (discipline_text(tables='[aggregate]\nmethod = "sum_best_n"\nn = 3'), "out_of_range", "aggregate.n"),
        (discipline_text().replace('kk = "Жарыс"', ""), "missing", "name.kk"),
        (discipline_text() + "quantum = 0", "unknown_field", "ranking[0].name.quantum"),
        ("a = [" * 5000, "toml_syntax", None),
        ("x" * 100_001, "text_too_long", None),
        ("\ud800", "toml_syntax", None),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_place_of_the_mistake(
    text: str, code: str, path: str | None
) -> None:
    assert refused(text) == (code, path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rule.toml"
    file.write_bytes(discipline_text().encode("cp1251", "replace"))
    with pytest.raises(DisciplineError) as error:
        load_discipline(file)
    assert error.value.code == "not_utf8"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "rule.toml"
    file.write_bytes(b"\xef\xbb\xbf" + discipline_text().encode())
    assert load_discipline(file).id == "sprint"


@given(discipline=st.sampled_from(BUILT_IN), data=st.data())
def test_a_file_cut_off_at_any_byte_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, discipline: Discipline, data: st.DataObject
) -> None:
    whole = discipline.text.encode()
    file = tmp_path_factory.mktemp("cut") / "rule.toml"
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(DisciplineError):
        load_discipline(file)


@given(discipline=st.sampled_from(BUILT_IN), at=st.floats(0, 1), junk=st.text(max_size=12))
def test_junk_anywhere_in_a_file_is_read_or_refused(discipline: Discipline, at: float, junk: str) -> None:
    place = int(at * len(discipline.text))
    with suppress(DisciplineError):
        check_examples(parse_discipline(discipline.text[:place] + junk + discipline.text[place:]))
