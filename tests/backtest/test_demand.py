"""The least work that each request needs of an engine: what an earlier prompt or reply computed counts once."""

from fairlead.backtest import demand
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic.arrivals import RequestArrival

ROOMY = EngineSettings(blocks=400, block_tokens=16, batch_tokens=512, max_sequences=16, context_tokens=2048)


def test_a_conversation_goes_on_from_its_own_last_reply() -> None:
    first = RequestArrival(time=0.0, prompt_tokens=40, output_tokens=24, prefix=(1, 2), reply=(3, 4))
    second = RequestArrival(time=9.0, prompt_tokens=80, output_tokens=2, prefix=(1, 2, 3, 4, 5))
    found = demand.collect([first, second], ROOMY)

    assert list(found.prompt) == [40, 80 - 4 * 16]
    assert list(found.steps) == [23, 1]


def test_a_request_without_a_shared_prefix_counts_whole_before_requests_that_share_one() -> None:
    alone = RequestArrival(time=0.0, prompt_tokens=40, output_tokens=2)
    shared = [RequestArrival(time=at, prompt_tokens=40, output_tokens=2, prefix=(1, 2)) for at in (1.0, 2.0)]
    found = demand.collect([alone, *shared], ROOMY)

    assert list(found.prompt) == [40, 40, 8]
