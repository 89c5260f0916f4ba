"""A body is forgotten once an engine has it and replies; what the reply needs of the request stays."""

from tests.router.wire import cuts
from tests.router.wire.test_requests import SIZED


def test_a_body_that_nothing_needs_any_more_is_forgotten_and_its_head_is_not() -> None:
    request = cuts.request([SIZED])
    request.drop_body()
    assert (request.body, request.head.method, request.whole) == (b"", b"POST", True)
