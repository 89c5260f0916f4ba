"""Versions of one adapter split its conversations by their shares, the same at every router."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.adapters import AdapterShare, AdapterVersions
from fairlead.routing.adapter_split import AdapterSplit
from fairlead.routing.endpoint import Endpoint


def split(old: int, new: int) -> AdapterSplit:
    shares = (AdapterShare(name="sql@old", percent=old), AdapterShare(name="sql@new", percent=new))
    return AdapterSplit([AdapterVersions(name="sql", versions=shares)])


def engine(*loaded: str) -> Endpoint:
    return Endpoint("chat-0", "10.0.0.1:8000", 0, adapters=frozenset(loaded))


BOTH = [engine("sql@old", "sql@new")]


def test_names_are_those_that_clients_and_those_that_engines_know() -> None:
    found = split(95, 5)
    assert found.names == {"sql"}
    assert found.wanted == {"sql@old", "sql@new"}


def test_shares_of_conversations_are_what_the_object_says() -> None:
    found = split(95, 5)
    new = sum(found.version("sql", key, BOTH) == "sql@new" for key in range(20_000))
    assert 800 <= new <= 1200, "5 of 100, within four standard deviations"


def test_a_version_without_a_share_answers_no_conversation() -> None:
    assert {split(100, 0).version("sql", key, BOTH) for key in range(1000)} == {"sql@old"}


def test_a_version_that_no_engine_has_loaded_answers_no_conversation_while_another_one_is_loaded() -> None:
    assert {split(50, 50).version("sql", key, [engine("sql@old")]) for key in range(100)} == {"sql@old"}
    assert {split(50, 50).version("sql", key, [engine()]) for key in range(100)} == {"sql@old", "sql@new"}


@given(key=st.integers(0, 2**64), less=st.integers(1, 98), more=st.integers(1, 98))
def test_a_larger_share_never_takes_a_conversation_away(key: int, less: int, more: int) -> None:
    less, more = sorted((less, more))
    if split(100 - less, less).version("sql", key, BOTH) == "sql@new":
        assert split(100 - more, more).version("sql", key, BOTH) == "sql@new"
