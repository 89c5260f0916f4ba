"""Requests that limits in shadow mode would refuse are counted once, whatever targets they try."""

from collections.abc import Callable

import pytest

from fairlead.routing import admission
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.test_admission import account, chain, request_of


@pytest.mark.parametrize("again", [RoutingRequest.take_charges, admission.charge_again], ids=["fallback", "answer"])
def test_in_shadow_mode_a_request_that_tries_another_target_is_counted_once(
    again: Callable[[RoutingRequest, RoutingRequest], None],
) -> None:
    shop = account(shadow=True, tokens_per_minute=1000)
    first, second = request_of(shop, 2000, 100), request_of(shop, 2000, 501)
    assert chain(whose=shop).refusal(first, 0.0) is None
    again(second, first)
    assert chain(whose=shop).refusal(second, 0.0) is None
    counted = {reason: count for reason, count in shop.shadowed.items() if count}
    assert counted == {RefusalReason.PROMPT_TOO_LONG: 1, RefusalReason.OUTPUT_TOO_LONG: 1}
    assert second.shadow is RefusalReason.PROMPT_TOO_LONG
