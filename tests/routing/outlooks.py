"""First-token outlooks of engines that compute a thousand prompt tokens a second, and requests for them."""

from fairlead.routing.accounts import Account
from fairlead.routing.fair_queue import FairQueue
from fairlead.routing.first_token_outlook import FirstTokenOutlook
from fairlead.routing.first_token_speed import FEWEST, FirstTokenSpeed
from fairlead.routing.routing_request import RoutingRequest


def teach(speed: FirstTokenSpeed) -> None:
    """Teach it a thousand tokens a second, whatever the length."""
    for turn in range(2 * FEWEST):
        tokens = 100 + 900 * (turn % 2)
        speed.add(tokens, tokens, tokens / 1000)


def outlook_of(objective: float | None = 2.0, *, learnt: bool = True, refuses: bool = False) -> FirstTokenOutlook:
    """With this objective."""
    speed = FirstTokenSpeed()
    if learnt:
        teach(speed)
    made = FirstTokenOutlook(speed)
    made.objective_seconds, made.refuses = objective, refuses
    return made


def request_at(account: Account, tokens: int, at: float, adapter: str | None = None) -> RoutingRequest:
    """A request that arrived then, none of whose tokens any engine holds."""
    made = RoutingRequest(
        account=account, prompt_tokens=tokens, max_output_tokens=0, arrived=at, expected_tokens=tokens, adapter=adapter
    )
    made.uncached, made.queued_at = tokens, at
    return made


def turn(queue: FairQueue) -> RoutingRequest:
    """The next request, which is served."""
    tenant_queue = queue.first()
    assert tenant_queue is not None
    return queue.serve(tenant_queue)


def turns(queue: FairQueue) -> list[RoutingRequest]:
    """All waiting requests, in order."""
    return [turn(queue) for _ in range(queue.waiting)]
