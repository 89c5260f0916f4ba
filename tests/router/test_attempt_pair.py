"""The attempts of one request in flight: a first one and its hedge, and which of them leads."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from fairlead.engines import catalogue
from fairlead.router.attempt import AttemptOwner, EngineAttempt
from fairlead.router.attempt_pair import AttemptPair
from house.tree import ROOT
from tests.routing.engines import request_of

PAIR: Final = {"first", "second"}
ROOM: Final = ROOT / "operator" / "fairlead" / "router"


def attempt() -> EngineAttempt:
    """An attempt that is not sent."""
    return EngineAttempt(cast("AttemptOwner", None), request_of(), catalogue.api(catalogue.DEFAULT))


def hedged() -> tuple[AttemptPair, EngineAttempt, EngineAttempt]:
    """A pair, its first attempt and its hedge."""
    pair, first, hedge = AttemptPair(), attempt(), attempt()
    pair.lead(first, 0.0)
    pair.add_hedge(hedge)
    return pair, first, hedge


def test_the_first_attempt_leads_until_its_hedge_is_promoted_and_then_leads_alone() -> None:
    pair, first, hedge = hedged()
    assert (pair.first, pair.second) == (first, hedge)
    pair.promote_hedge()
    assert (pair.first, pair.second) == (hedge, None)
    assert pair.take_hedge() is None, "what leads is no hedge any more"


def test_a_hedge_that_is_taken_leaves_the_first_attempt_in_flight() -> None:
    pair, first, hedge = hedged()
    assert pair.take_hedge() is hedge
    assert (pair.first, pair.second) == (first, None)


def test_a_request_that_is_sent_again_has_nothing_of_its_former_attempts() -> None:
    pair, _, _ = hedged()
    pair.forget()
    assert (pair.first, pair.second) == (None, None)
    again = attempt()
    pair.lead(again, 1.0)
    assert (pair.first, pair.second) == (again, None)


def test_no_other_file_of_the_router_sets_which_attempt_leads() -> None:
    writers = {path.stem for path in ROOM.glob("*.py") for name in _assigned(path) if name in PAIR}
    assert writers == {"attempt_pair"}, "call a method of AttemptPair"


def _assigned(path: Path) -> Iterator[str]:
    """The names of all attributes that this file sets."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node.attr
