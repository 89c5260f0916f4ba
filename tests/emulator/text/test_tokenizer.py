"""Tokens: every text has them, they decode to it, and English takes about four bytes each."""

import subprocess
import sys
from itertools import islice, product
from string import ascii_lowercase
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from fairlead.emulator.text import prose, tokenizer

WORDS: Final = tokenizer.of(128_256)
SMALL: Final = tokenizer.of(512)
ENGLISH: Final = (
    "The harbour pilot waits until the tide turns, and then he leads the ship home. It is a quiet morning; the fog "
    'has lifted, and from the bridge you can see the light on the north pier. "Slowly," says the captain, "we have '
    'all the time in the world." Nobody answers. The crew look at the water and think of breakfast. Before noon the '
    "cargo will be on the quay, and in the evening most of them will be sitting together in the same small room, "
    "telling the stories that they always tell when they come back from a long journey."
)


@given(st.text())
def test_every_text_always_comes_back_from_its_ids(text: str) -> None:
    for each in (WORDS, SMALL):
        ids = each.encode(text)
        assert each.decode(ids) == text
        assert all(0 <= number < each.vocabulary for number in ids)


@given(st.text(st.characters(max_codepoint=0x2FFF), max_size=40))
def test_a_stream_of_tokens_always_shows_the_whole_text_and_never_half_a_character(text: str) -> None:
    ids = WORDS.encode(text)
    shown, ends = WORDS.decode_with_ends(ids)
    assert shown == text
    assert len(ends) == len(ids)
    assert ends == sorted(ends)
    assert (ends[-1] if ends else 0) == len(text)


def test_english_takes_about_four_bytes_a_token() -> None:
    assert 3.5 < len(ENGLISH) / len(WORDS.encode(ENGLISH)) < 5


def test_another_process_has_the_same_ids() -> None:
    code = "from fairlead.emulator.text import tokenizer; print(tokenizer.of(512).encode('ahoy, pilot'))"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment()
    )
    assert finished.stdout.strip() == str(SMALL.encode("ahoy, pilot"))


def test_special_tokens_cannot_be_written() -> None:
    assert sorted([*WORDS.roles.values(), WORDS.end]) == list(range(256, 262))
    assert WORDS.strings([WORDS.end, WORDS.roles["user"]]) == ["<|end|>", "<|user|>"]
    assert WORDS.end not in WORDS.encode("<|end|>")
    assert WORDS.decode_with_ends([*WORDS.encode("ahoy"), WORDS.end]) == (
        "ahoy",
        [*WORDS.decode_with_ends(WORDS.encode("ahoy"))[1], 4],
    )


def test_a_model_with_more_ids_than_we_have_parts_has_ids_without_text() -> None:
    large = tokenizer.of(160_000)
    assert large.decode([150_000]) == ""
    assert large.encode(ENGLISH) == WORDS.encode(ENGLISH)
    assert large.decode(large.encode(ENGLISH)) == ENGLISH


def test_remembered_splits_are_dropped_before_they_fill_the_memory() -> None:
    each = tokenizer.Tokenizer(512)
    each.encode(
        "".join(f" q{a}{b}{c}{d}" for a, b, c, d in islice(product(ascii_lowercase, repeat=4), tokenizer.MEMORY))
    )
    assert each.remembered == tokenizer.MEMORY
    each.encode(" qqqqqq")
    assert each.remembered == 1
    each.encode("x" * 100)
    assert each.remembered == 1, "a long piece hardly comes again"


def test_a_reply_read_again_as_a_prompt_has_the_ids_it_was_made_of() -> None:
    for seed in (b"1", b"2", b"3"):
        ids = prose.tokens(WORDS, seed, 200)
        assert WORDS.encode(WORDS.decode(ids)) == ids


def test_a_longer_reply_begins_with_the_shorter_one() -> None:
    assert prose.tokens(WORDS, b"seed", 50)[:20] == prose.tokens(WORDS, b"seed", 20)
    assert prose.tokens(WORDS, b"seed", 0) == []


def test_replies_end_by_themselves_around_the_mean_that_was_set() -> None:
    lengths = [prose.natural_length(b"%d" % number, 100) for number in range(200)]
    assert 90 < sum(lengths) / len(lengths) < 110
    assert min(lengths) >= 50
    assert max(lengths) <= 150
    assert all(8 <= prose.natural_length(b"%d" % number, None) <= 63 for number in range(200))


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "77"}
