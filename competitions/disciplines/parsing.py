"""From a TOML text to a discipline; a wrong file is refused with the place of the mistake."""

import hashlib
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from competitions.disciplines.discipline import (
    POINTS,
    Aggregate,
    Discipline,
    FalseStart,
    Finish,
    Laps,
    Param,
    PenaltyRule,
    RankingKey,
    Start,
)
from competitions.disciplines.example_fields import parse_examples
from competitions.disciplines.expression_fields import read_expression, sample_attempt, sample_score
from competitions.disciplines.fields import Fields
from competitions.errors import DisciplineError
from competitions.statuses import Status

MAX_TEXT = 100_000
MAX_ATTEMPTS = 20
MAX_KEYS = 8
EDGES = {"broken": "B", "clear": "C"}
UNITS = ("us", "points", "laps", "mm", "g", "")


def _start(fields: Fields | None, penalties: tuple[PenaltyRule, ...]) -> Start:
    if fields is None:
        return Start()
    false_start = None
    kind = fields.choice("kind", ("gate", "signal"), "gate")
    if (told := fields.optional_table("false_start")) is not None:
        code = told.text("penalty", "") or None
        if code is not None and all(each.code != code for each in penalties):
            raise DisciplineError("unknown_penalty", path=told.at("penalty"), penalty=code)
        false_start = FalseStart(code, told.choice("then", ("rearm", "continue"), "rearm"))
        told.done()
        if kind != "signal":
            raise DisciplineError("false_start_without_signal", path=told.path)
    start = Start(kind, fields.choice("point", POINTS, "start"), _edge(fields), false_start)
    fields.done()
    return start


def _edge(fields: Fields) -> str:
    return EDGES[fields.choice("edge", tuple(EDGES), "broken")]


def _finish(fields: Fields | None) -> Finish:
    if fields is None:
        return Finish()
    finish = Finish(fields.choice("point", POINTS, "finish"), _edge(fields))
    fields.done()
    return finish


def _laps(fields: Fields | None) -> Laps | None:
    if fields is None:
        return None
    laps = Laps(
        fields.optional_integer("count", least=1, most=1000),
        fields.seconds_us("minimum_s") or 0,
        fields.choice("point", POINTS, "finish"),
        _edge(fields),
        fields.choice("opens", ("start", "first_crossing"), "start"),
    )
    fields.done()
    return laps


def _penalties(root: Fields) -> tuple[PenaltyRule, ...]:
    rules = []
    for fields in root.tables("penalties"):
        rules.append(
            PenaltyRule(
                fields.text("code"),
                fields.names(),
                fields.seconds_us("seconds") or 0,
                fields.number("points") or 0,
                fields.integer("laps", 0, most=1000),
                fields.optional_integer("dsq_at", least=1),
                fields.optional_integer("most", least=1),
            )
        )
        fields.done()
    _unique(root.at("penalties"), [each.code for each in rules])
    return tuple(rules)


def _params(root: Fields) -> tuple[Param, ...]:
    params = []
    for fields in root.tables("params"):
        params.append(
            Param(
                fields.text("id"),
                fields.names(),
                fields.choice("kind", ("number", "decimal", "time_us", "toggle")),
                fields.text("unit", ""),
                fields.number("least"),
                fields.number("most"),
                fields.choice("required", ("always", "unfinished", "never"), "always"),
            )
        )
        fields.done()
    _unique(root.at("params"), [each.id for each in params])
    for each in params:
        if not each.id.isidentifier():
            raise DisciplineError("not_a_name", path=root.at("params"), value=each.id[:40])
    return tuple(params)


def _unique(path: str, ids: list[str]) -> None:
    for each in ids:
        if not each or ids.count(each) > 1:
            raise DisciplineError("repeated", path=path, value=each[:40])


def _aggregate(fields: Fields | None, attempts: int) -> Aggregate:
    if fields is None:
        return Aggregate()
    method = fields.choice("method", ("best", "sum_best_n", "mean_best_n", "last"), "best")
    summed = method in ("sum_best_n", "mean_best_n")
    aggregate = Aggregate(
        method,
        fields.integer("n", least=1, most=attempts) if summed else 1,
        fields.flag("next_best") if method == "best" else False,
        fields.choice("fewer", ("no_result", "count_those"), "no_result") if summed else "no_result",
    )
    fields.done()
    return aggregate


def _ranking(root: Fields, sample: Mapping[str, Any]) -> tuple[RankingKey, ...]:
    keys = []
    for fields in root.tables("ranking", required=True):
        quantum = fields.number("quantum")
        if quantum is not None and quantum <= 0:
            raise DisciplineError("out_of_range", path=fields.at("quantum"), least=0, most=None)
        keys.append(
            RankingKey(
                read_expression(fields, "key", sample),
                fields.choice("direction", ("asc", "desc")),
                quantum if quantum is not None else 1,
                fields.choice("unit", UNITS, ""),
                fields.names(),
            )
        )
        fields.done()
    if not keys:
        raise DisciplineError("missing", path=root.at("ranking"))
    if len(keys) > MAX_KEYS:
        raise DisciplineError("out_of_range", path=root.at("ranking"), least=1, most=MAX_KEYS)
    return tuple(keys)


@lru_cache(maxsize=256)
def parse_discipline(text: str) -> Discipline:
    """The discipline that a TOML text describes.

    Raises DisciplineError: toml_syntax, text_too_long, missing, unknown_field, wrong_type, out_of_range,
    unknown_choice, repeated, expression_syntax, unknown_variable and others; `path` says where.
    """
    if len(text) > MAX_TEXT:
        raise DisciplineError("text_too_long", longest=MAX_TEXT)
    try:
        root = Fields(tomllib.loads(text, parse_float=Decimal))
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise DisciplineError("toml_syntax", reason=str(error)) from error
    penalties = _penalties(root)
    attempts = root.integer("attempts", least=1, most=MAX_ATTEMPTS)
    params = _params(root)
    sample = sample_attempt(penalties, params)
    score = None
    if (scoring := root.optional_table("score")) is not None:
        score = read_expression(scoring, "expression", sample)
        sample["score"] = sample_score(score, sample)
        scoring.done()
    laps = _laps(root.optional_table("laps"))
    if laps is not None and root.has("finish"):
        raise DisciplineError("finish_beside_laps", path="finish")
    discipline = Discipline(
        id=root.text("id"),
        version=root.integer("version", least=1),
        name=root.names(),
        source=root.words("source"),
        text=text,
        digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        lanes=root.integer("lanes", 1, least=1, most=16),
        attempts=attempts,
        time_limit_us=root.seconds_us("time_limit_s"),
        over_limit=Status(root.choice("over_limit", ("OK", "DNF", "DSQ"), "DNF")),
        start=_start(root.optional_table("start"), penalties),
        finish=None if laps is not None else _finish(root.optional_table("finish")),
        laps=laps,
        ranks_unfinished=root.flag("ranks_unfinished"),
        disqualifies=root.choice("disqualifies", ("attempt", "entry"), "attempt"),
        penalties=penalties,
        params=params,
        score=score,
        aggregate=_aggregate(root.optional_table("aggregate"), attempts),
        ranking=_ranking(root, sample),
        tie=root.choice("tie", ("share", "rematch", "judge", "draw"), "share"),
        **parse_examples(root),
    )
    root.done()
    if laps is not None and laps.count is None and discipline.time_limit_us is None:
        raise DisciplineError("laps_without_end", path="laps.count")
    return discipline
