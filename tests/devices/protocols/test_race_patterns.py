"""A pattern of a timer's file is refused unless every line is read at once."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devices.protocols.race_patterns import PatternError, compile_pattern
from devices.protocols.race_timer import LINE_MAX, ProfileError, parse_profile

VARYING = ("a*", "[ab]+", ".*", r"\s*", "a?", "(?:ab)*", "(?:b.)?", "x{2,9}", "(?:a|ab)", r"(a*)\1")
REPEATED = ("(a+)+", r"(\d+,?)+", "(?:a|b|ab)*")
PIECES = (*VARYING, *REPEATED, "a", "[ab]", ".", r"\d", r"\b", "(?=a)", "^", "$", "X")
LINES = ("a" * LINE_MAX, "ab" * 100, "1" * LINE_MAX, "a1 " * 66, "aab," * 50, "=" * LINE_MAX)


@pytest.mark.parametrize(
    "text",
    [
        r"(\d+,?)+=",
        r"((\d|\d\d) ?)+X",
        "(a+)+",
        "(?:a?){30}b",
        "((?:aa)?)+b",
        "(?:aa|a)+b",
        "(?:ab*)*c",
        "(x+x+)+y",
        "(?=(a+)+b)",
        r"(a*)\1*b",
        ".*.*.*X",
        "^" + r"\d*" * 6 + "X",
        "a?" * 30 + "a" * 30,
        "(a|a.)" * 12 + "X",
    ],
)
def test_a_pattern_with_which_a_line_could_take_for_ever_is_refused(text):
    with pytest.raises(PatternError):
        compile_pattern(text, LINE_MAX)


@pytest.mark.parametrize(
    "text",
    [
        r"^\s*(?P<lane>\d+)\s*[:=]?\s*(?P<time>\d+\.?\d*)\s*s?$",
        r"lane (?P<lane>\d+).*time (?P<time>\d+\.\d+)",
        r"^(?:READY|GO|SET|STAGED) (?:LANES?)?\d+$",
        r"(?i)^finish(?:ed)?\b",
        r"(?:\d\d:)+\d\d(?![\d.])",
        r"(?:a|[^b])?X",
    ],
)
def test_what_a_timers_line_needs_is_taken(text):
    assert compile_pattern(text, LINE_MAX).pattern == text


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join))
@example(r"\s*(?:a|b)+.*(?:b.)?!")
@example("^.*.*.*X")
@settings(deadline=None)
def test_a_pattern_that_is_taken_reads_every_line_at_once(text):
    try:
        pattern = compile_pattern(text, LINE_MAX)
    except PatternError:
        return
    began = time.process_time()
    for line in LINES:
        pattern.search(line)
    assert time.process_time() - began < 2


def test_a_file_says_which_of_its_patterns_is_refused_and_in_which_line():
    text = """
name = "T"
lanes = 4
probe = { say = "?", hear = "T" }
results = ["(?P<lane>[1-4])=(?P<time>[0-9.]+)"]
ignore = ['(\\d+,?)+=']
"""
    with pytest.raises(ProfileError, match="line 6, ignore: repeats what repeats"):
        parse_profile(text)
