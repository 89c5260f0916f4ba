"""What clients may say of the cache in a head."""

from math import inf

import pytest

from fairlead.router.cache import wishes
from fairlead.router.cache.wishes import Wish


@pytest.mark.parametrize(
    ("control", "wish"),
    [
        (b"no-store", Wish(no_store=True)),
        (b"No-Cache", Wish(max_age=0.0)),
        (b"max-age=60", Wish(max_age=60.0)),
        (b'max-age="60", no-transform', Wish(max_age=60.0)),
        (b"max-age=60, no-cache", Wish(max_age=0.0)),
        (b"max-age=soon", Wish(max_age=0.0)),
        (b"max-age=-1", Wish(max_age=0.0)),
        (b"max-age=99999999999999", Wish(max_age=0.0)),
        (b"only-if-cached, x=y,,", Wish()),
        (b"", Wish()),
    ],
)
def test_cache_control_is_obeyed(control: bytes, wish: Wish) -> None:
    assert wishes.read(control, None, None) == wish


@pytest.mark.parametrize(
    ("word", "wish"),
    [
        (b"on", Wish(asked=True)),
        (b" OFF ", Wish(off=True)),
        (b"refresh", Wish(asked=True, max_age=0.0)),
        (b"maybe", Wish()),
    ],
)
def test_the_routers_own_word_is_followed(word: bytes, wish: Wish) -> None:
    assert wishes.read(None, word, None) == wish


def test_a_request_may_bound_how_long_its_answer_is_kept() -> None:
    assert wishes.read(None, None, b"30").ttl == 30.0
    assert wishes.read(None, None, b"long").ttl == 0.0


def test_who_says_nothing_wants_nothing() -> None:
    assert wishes.read(None, None, None) is wishes.NONE
    assert Wish(ttl=inf, max_age=inf) == wishes.NONE
