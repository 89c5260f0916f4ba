"""Cache directives that clients may send in a header."""

from math import inf

import pytest

from fairlead.router.cache import directives
from fairlead.router.cache.directives import CacheDirectives


@pytest.mark.parametrize(
    ("control", "cache_directives"),
    [
        (b"no-store", CacheDirectives(no_store=True)),
        (b"No-Cache", CacheDirectives(max_age=0.0)),
        (b"max-age=60", CacheDirectives(max_age=60.0)),
        (b'max-age="60", no-transform', CacheDirectives(max_age=60.0)),
        (b"max-age=60, no-cache", CacheDirectives(max_age=0.0)),
        (b"max-age=soon", CacheDirectives(max_age=0.0)),
        (b"max-age=-1", CacheDirectives(max_age=0.0)),
        (b"max-age=99999999999999", CacheDirectives(max_age=0.0)),
        (b"only-if-cached, x=y,,", CacheDirectives()),
        (b"", CacheDirectives()),
    ],
)
def test_cache_control_is_obeyed(control: bytes, cache_directives: CacheDirectives) -> None:
    assert directives.read(control, None, None) == cache_directives


@pytest.mark.parametrize(
    ("word", "cache_directives"),
    [
        (b"on", CacheDirectives(opted_in=True)),
        (b" OFF ", CacheDirectives(off=True)),
        (b"refresh", CacheDirectives(opted_in=True, max_age=0.0)),
        (b"maybe", CacheDirectives()),
    ],
)
def test_the_routers_own_word_is_followed(word: bytes, cache_directives: CacheDirectives) -> None:
    assert directives.read(None, word, None) == cache_directives


def test_a_request_may_bound_how_long_its_answer_is_kept() -> None:
    assert directives.read(None, None, b"30").ttl == 30.0
    assert directives.read(None, None, b"long").ttl == 0.0


def test_a_request_without_cache_headers_sets_no_directives() -> None:
    assert directives.read(None, None, None) is directives.NO_DIRECTIVES
    assert CacheDirectives(ttl=inf, max_age=inf) == directives.NO_DIRECTIVES
