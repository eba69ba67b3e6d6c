"""Score and ranking expressions in CEL, compiled once for each text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any

from competitions.errors import ExpressionError

BOUNDS = {
    "time_us": "bound_us",
    "measured_us": "bound_us",
    "best_lap_us": "best_lap_bound_us",
    "score": "score_bound",
}
MAX_LENGTH = 500
WORDS = frozenset({"true", "false", "null", "in"})
LOOPS = re.compile(r"\.\s*(all|exists|exists_one|map|filter)\s*\(")

Number = int | float


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; `name` is set when the whole text is one plain variable."""

    text: str
    variables: frozenset[str]
    name: str | None
    program: Any = field(compare=False, repr=False)

    def value(self, given: Mapping[str, Any]) -> Number | None:
        """Its number for these variables; None when a part of it is missing.

        Raises ExpressionError: expression_failed, expression_not_a_number.
        """
        try:
            if self.name is not None:
                value = given[self.name]
            else:
                value = self.program.execute({name: given[name] for name in self.variables})
        except KeyError:
            return None
        except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
            if any(given.get(name) is None for name in self.variables):
                return None
            raise ExpressionError("expression_failed", expression=self.text, reason=str(error)) from error
        if value is None:
            return None
        if isinstance(value, bool):
            return int(value)
        if not isinstance(value, int | float) or value - value != 0:
            raise ExpressionError("expression_not_a_number", expression=self.text, value=repr(value))
        return value

    def bounded(self, given: Mapping[str, Any]) -> tuple[Number, Number] | None:
        """Its value, and how far it can be off when each time, or score of times, is off by its bound."""
        value = self.value(given)
        timed = [name for name in BOUNDS if name in self.variables and given.get(name) is not None]
        if value is None or not timed or not any(given[BOUNDS[name]] for name in timed):
            return None if value is None else (value, 0)
        ends = []
        for signs in product((-1, 1), repeat=len(timed)):
            off = {
                name: given[name] + sign * given[BOUNDS[name]]
                for name, sign in zip(timed, signs, strict=True)
            }
            ends.append(self.value({**given, **off}))
        return value, max((abs(end - value) for end in ends if end is not None), default=0)


@lru_cache(maxsize=512)
def compile_expression(text: str) -> Expression:
    """A compiled expression.

    Loops over lists are refused: nested ones could keep a hall waiting.
    Raises ExpressionError: expression_too_long, expression_loops, expression_syntax.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError("expression_too_long", longest=MAX_LENGTH)
    if LOOPS.search(text):
        raise ExpressionError("expression_loops", expression=text)
    plain = text.strip()
    if plain.isidentifier() and plain.isascii() and plain not in WORDS:
        return Expression(text, frozenset({plain}), plain, None)
    import cel  # brings a whole console along, which most disciplines do not need

    try:
        program = cel.compile(text)
    except ValueError as error:
        raise ExpressionError("expression_syntax", expression=text, reason=str(error)) from error
    return Expression(text, frozenset(program.variables()), None, program)
