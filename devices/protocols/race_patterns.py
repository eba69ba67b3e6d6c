"""Patterns of a timer's file, held to a bound: whatever a line says, it is read at once."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

PATTERN_MAX = 200
WAYS_MAX = 64
"""Of choosing between alternatives and leaving out what may be missing."""
STEPS_MAX = 3_000_000
"""A fraction of a second."""
FEW = 4
ALPHABET = frozenset(map(chr, range(128))) | {"\ufffd"}
"""A line is ASCII, and what is not is replaced."""


class PatternError(ValueError):
    """Says why a pattern cannot be."""


@dataclass(frozen=True)
class _Part:
    """One character, or a run of `choices` possible lengths; the beginning and the end have no `chars`."""

    chars: frozenset[str]
    choices: int = 1


_Way = tuple[_Part, ...]
_EDGE, _LOOK, _ANYTHING = _Part(frozenset()), _Part(ALPHABET), _Part(ALPHABET, 1 << 30)


def compile_pattern(text: str, line_max: int) -> re.Pattern[str]:
    """Raises PatternError: not a pattern, or one that could take long on a line of `line_max` characters."""
    if len(text) > PATTERN_MAX:
        raise PatternError("is too long")
    try:
        pattern = re.compile(text)
        ways = _ways(_parser.parse(text), line_max)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(str(error)) from error
    if any(steps > STEPS_MAX for steps in accumulate(_steps(way, line_max) for way in ways)):
        raise PatternError("could take too long on one line: say what each part ends with, and begin with ^")
    return pattern


def _ways(tokens: Iterable[tuple[Any, Any]], longest: int) -> list[_Way]:
    ways: list[_Way] = [()]
    for code, told in tokens:
        ways = [(*way, *more) for way in ways for more in _ways_of(code, told, longest)]
        if len(ways) > WAYS_MAX:
            raise PatternError("has too many alternatives")
    return ways


def _ways_of(code: Any, told: Any, longest: int) -> list[_Way]:
    match code:
        case codes.LITERAL | codes.NOT_LITERAL | codes.ANY | codes.IN:
            return [(_Part(_alike(_chars(code, told))),)]
        case codes.AT if told in (codes.AT_BOUNDARY, codes.AT_NON_BOUNDARY):
            return [(_LOOK,)]
        case codes.AT:
            return [(_EDGE,)]
        case codes.SUBPATTERN:
            return _ways(told[3], longest)
        case codes.ATOMIC_GROUP:
            return _ways(told, longest)
        case codes.BRANCH:
            return [way for each in told[1] for way in _ways(each, longest)]
        case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
            least, most, body = told
            return _repeat(least, most, _ways(body, longest), longest)
        case codes.ASSERT | codes.ASSERT_NOT if not any(_vary(way) for way in _ways(told[1], longest)):
            return [(_LOOK,)]
    raise PatternError("looks at what varies, or refers to it: one line could take for ever")


def _repeat(least: int, most: int, bodies: list[_Way], longest: int) -> list[_Way]:
    if most == 1 and (least or len(bodies) > 1 or len(bodies[0]) != 1 or _vary(bodies[0])):
        return bodies if least else [(), *bodies]
    if len(bodies) > 1 or any(_vary(body) for body in bodies):
        raise PatternError("repeats what repeats or has alternatives: one line could take for ever")
    body = bodies[0]
    more = min(most - least, longest)
    chars = frozenset[str]().union(*(part.chars for part in body))
    first = body if least else ()
    return [(*first, _Part(chars, more + 1))] if more and chars else [first]


def _vary(way: _Way) -> bool:
    return any(part.choices > 1 for part in way)


def _steps(way: _Way, longest: int) -> int:
    """How often a line can be divided among the parts, as far as they go.

    What has few lengths counts as a run or as so many ways, whichever tells less.
    """
    while way and way[-1].choices > 1:
        way = way[:-1]  # nothing after it can fail
    if way[:1] != (_EDGE,):
        way = (_ANYTHING, *way)
    few = math.prod(part.choices for part in way if part.choices <= FEW)
    return min(math.comb(longest, _degree(way, 1)), few * math.comb(longest, _degree(way, FEW)))


def _degree(way: _Way, few: int) -> int:
    """By which power of a line's length the ways of dividing it grow.

    It is the longest chain of pairs of runs that can pass the same characters on to each other.
    Source: Weber and Seidl, On the degree of ambiguity of finite automata, 1991.
    """
    chains = [0] * (len(way) + 1)  # up to each part
    ended = 0
    for place in range(len(way) + 1):
        runs = [each for each in range(place) if way[each].choices > few]
        # Wherever it fails, the rest of the line is left over.
        ended = max(ended, *(chains[each] + 1 for each in runs if _shares(way[each:place], _ANYTHING)), 0)
        chains[place] = chains[place - 1] if place else 0
        if place < len(way) and way[place].choices > few:
            here = (chains[each] + 1 for each in runs if _shares(way[each:place], way[place]))
            chains[place] = max(chains[place], *here, 0)
    return ended


def _shares(way: _Way, last: _Part) -> bool:
    """Whether the run at the front can pass of its characters to the run `last`."""
    shared = way[0].chars & last.chars
    return bool(shared) and all(part.choices > 1 or part.chars & shared for part in way)


def _chars(code: Any, told: Any) -> frozenset[str]:
    match code:
        case codes.LITERAL:
            return frozenset(chr(told))
        case codes.NOT_LITERAL:
            return ALPHABET - {chr(told)}
        case codes.RANGE:
            return frozenset(each for each in ALPHABET if told[0] <= ord(each) <= told[1])
        case codes.CATEGORY:
            return frozenset(_category(told))
        case codes.IN:
            negated = told[0][0] is codes.NEGATE
            found = frozenset[str]().union(*(_chars(*each) for each in told[negated:]))
            return ALPHABET - found if negated else found
    return ALPHABET


def _category(told: Any) -> Iterator[str]:
    word = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(told).rpartition("_")[2]]
    negated = "_NOT_" in str(told)
    yield from (each for each in ALPHABET if (re.match(word, each) is None) == negated)


def _alike(chars: frozenset[str]) -> frozenset[str]:
    """In both cases: a pattern may ask for that anywhere."""
    return chars | {other for each in chars for other in (each.lower(), each.upper())} & ALPHABET
