"""Reading of expressions, tried at once on a plausible attempt so that a typing error does not wait."""

import re
from collections.abc import Mapping
from typing import Any

from competitions.disciplines.discipline import Param, PenaltyRule
from competitions.disciplines.fields import Fields
from competitions.errors import DisciplineError, ExpressionError
from competitions.expressions import BOUNDS, Expression, Number, compile_expression
from competitions.results import ParamValue, Result, variables
from competitions.statuses import Status

MEMBER = re.compile(r"\b(params|penalties)\s*\.\s*(\w+)")
SAMPLES: dict[str, ParamValue] = {"toggle": True, "decimal": 1.0, "number": 1, "time_us": 1_000_000}


def read_expression(fields: Fields, name: str, sample: Mapping[str, Any]) -> Expression:
    """A compiled expression that gives a number for `sample`, or fails there only by its arithmetic.

    Raises DisciplineError: unknown_variable and the codes of ExpressionError.
    """
    text, path = fields.text(name), fields.at(name)
    known = sorted(sample.keys() - BOUNDS.values())
    try:
        expression = compile_expression(text)
        for variable in sorted(expression.variables - set(known)):
            raise DisciplineError("unknown_variable", path=path, variable=variable, known=known)
        for table, member in MEMBER.findall(text):
            if member not in sample[table]:
                members = [f"{table}.{each}" for each in sorted(sample[table])]
                raise DisciplineError(
                    "unknown_variable", path=path, variable=f"{table}.{member}", known=members
                )
        expression.value(sample)
    except ExpressionError as error:
        if not isinstance(error.__cause__, ArithmeticError):
            raise DisciplineError(error.code, path=path, **error.params) from error
    return expression


def sample_attempt(penalties: tuple[PenaltyRule, ...], params: tuple[Param, ...]) -> dict[str, Any]:
    """What expressions see of a finished attempt, without its score."""
    attempt = Result(
        Status.OK,
        value_us=60_000_000,
        counted_us=60_000_000,
        laps=3,
        best_lap_us=20_000_000,
        points=sum(each.points for each in penalties),
        finished=True,
        penalties={each.code: 1 for each in penalties},
        params={each.id: SAMPLES[each.kind] for each in params},
    )
    seen = variables(attempt)
    del seen["score"]
    return seen


def sample_score(score: Expression, sample: Mapping[str, Any]) -> Number | None:
    """The score of the sample; 1 where only its arithmetic fails."""
    try:
        return score.value(sample)
    except ExpressionError:
        return 1
