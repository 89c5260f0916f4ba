"""Texts for regular expressions and grammars: what is supported is followed, what is not is reported."""

import re
from typing import Final

import pytest

from fairlead.emulator.text import grammars, patterns
from fairlead.emulator.text.draws import SeededDraws

PATTERNS: Final = (
    *("abc", "a|b|cd", "[a-f0-9]{8}", r"\d{3}-\d{4}", r"(yes|no)\.", "x*y+z?", "[^a-z]{5}", "(?:ab){2,3}", ".{3}"),
    *(r"^\w+@\w+\.(com|org)$", "(?P<year>20[0-9]{2})-(0[1-9]|1[0-2])", r"[\d_]{2,}", r"\S\s\D\W", "a{2}?", "", "[]x]"),
    *(r"[a-]", r"\n\t\r", "(a|b|)c"),
)
UNREAD: Final = ("(?=a)a", "a)b", "(a", "*a", "a{x}", r"\1", "[a", "\\", "[^ -~]{2}", "(?i)a", "a{2,x}")
GRAMMARS: Final = {
    'root ::= "yes" | "no"': "yes|no",
    'start: "a" b "c"\nb: "x"+': "ax+c",
    'root ::= item ("," item)*\nitem ::= [0-9] [0-9]?': "[0-9]{1,2}(,[0-9]{1,2})*",
    '# a list\nroot ::= "[" (root | "1") "]"': r"\[+1\]+",
    'start: WORD "\\n"\nWORD: /[a-z]{3}/': "[a-z]{3}\n",
    '?start: "say \\"hi\\""': 'say "hi"',
}
UNREAD_GRAMMARS: Final = (
    "",
    "just words",
    "root ::= other",
    'root ::= "a" @',
    'root ::= ("a"',
    "root ::= * ",
    "root ::= root",
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_fits_its_pattern(pattern: str) -> None:
    for seed in range(20):
        assert re.fullmatch(pattern, patterns.example(pattern, SeededDraws(b"%d" % seed)), re.DOTALL)


@pytest.mark.parametrize("pattern", UNREAD)
def test_what_is_not_read_is_refused(pattern: str) -> None:
    with pytest.raises(patterns.UnsupportedPattern):
        patterns.example(pattern, SeededDraws(b"x"))


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_a_text_fits_its_grammar(grammar: str) -> None:
    for seed in range(20):
        assert re.fullmatch(GRAMMARS[grammar], grammars.example(grammar, SeededDraws(b"%d" % seed)))


@pytest.mark.parametrize("grammar", UNREAD_GRAMMARS)
def test_a_grammar_that_is_not_read_is_refused(grammar: str) -> None:
    with pytest.raises(patterns.UnsupportedPattern):
        grammars.example(grammar, SeededDraws(b"x"))


def test_draws_go_on_after_the_first_round_and_stay_below_their_bound() -> None:
    draws = SeededDraws(b"seed")
    numbers = [draws.below(10) for _ in range(1000)]
    assert set(numbers) == set(range(10))
    assert 0 <= draws.share() < 1
