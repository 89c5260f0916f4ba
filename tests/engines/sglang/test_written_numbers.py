"""Lengths in tokens are read as SGLang's parser reads them, so that no spelling passes a check by being unreadable."""

import pytest

from fairlead.engines.sglang import written_numbers


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        ("4096", 4096),
        (" 4_096 ", 4096),
        ("-1", -1),
        ("4k", 4000),
        ("25.6k", 25_600),
        ("0.5M", 500_000),
        ("4Ki", 4096),
        ("1Mi", 1 << 20),
        ("2G", 2 * 10**9),
        ("1Ti", 1 << 40),
    ],
)
def test_a_length_may_have_a_suffix(written: str, tokens: int) -> None:
    assert written_numbers.tokens(written) == tokens


@pytest.mark.parametrize("written", ["", "many", "4K", "4m", "1.5", "k", "-4k", "4 k"])
def test_what_sglang_does_not_read_is_an_error_with_its_words(written: str) -> None:
    with pytest.raises(ValueError, match="Use a plain integer, SI suffixes"):
        written_numbers.tokens(written)


def test_a_fraction_has_no_suffix_of_twos() -> None:
    with pytest.raises(ValueError, match=r"such as '1Ki', or an SI value such as '1\.5K'"):
        written_numbers.tokens("1.5Ki")
