"""Cache directives that clients may send in a header."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    ("member", "cache_directives"),
    [
        ({"no-cache": True}, CacheDirectives(max_age=0.0)),
        ({"no-cache": False, "no-store": None}, CacheDirectives()),
        ({"no-cache": "yes"}, CacheDirectives(max_age=0.0)),
        ({"no-store": True}, CacheDirectives(no_store=True)),
        ({"s-maxage": 60}, CacheDirectives(max_age=60.0)),
        ({"s-max-age": "60"}, CacheDirectives(max_age=60.0)),
        ({"s-maxage": 60, "no-cache": True}, CacheDirectives(max_age=0.0)),
        ({"s-maxage": -1}, CacheDirectives(max_age=0.0)),
        ({"s-maxage": 10**400}, CacheDirectives(max_age=0.0)),
        ({"ttl": 1.5}, CacheDirectives(ttl=1.5)),
        ({"ttl": True}, CacheDirectives(ttl=0.0)),
        ({"ttl": "soon"}, CacheDirectives(ttl=0.0)),
        ({"use-cache": True}, CacheDirectives(opted_in=True)),
        ({"use-cache": "maybe", "type": "exact_match"}, CacheDirectives()),
        ([{"no-cache": True}], CacheDirectives()),
    ],
)
def test_the_bodys_own_member_is_obeyed(member: object, cache_directives: CacheDirectives) -> None:
    assert directives.read(None, None, None, member) == cache_directives


def test_headers_and_the_body_together_never_request_less_than_either() -> None:
    both = directives.read(b"max-age=5", b"on", b"30", {"s-maxage": 9, "ttl": 10, "no-store": True})
    assert both == CacheDirectives(opted_in=True, max_age=5.0, ttl=10.0, no_store=True)


SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
NAMES = st.sampled_from(["no-cache", "no-store", "s-maxage", "s-max-age", "ttl", "use-cache", "namespace", "other"])


@given(SCALAR | st.lists(SCALAR) | st.dictionaries(NAMES, SCALAR | st.lists(SCALAR, max_size=2)))
def test_whatever_the_member_is_it_never_lengthens_anything(member: object) -> None:
    found = directives.read(b"max-age=60", None, b"60", member)
    assert 0 <= found.max_age <= 60
    assert 0 <= found.ttl <= 60
    assert isinstance(directives.namespace(member), bytes)
