"""What each order is compared with under overload: the least engine time of requests."""

from bench.overload import bounds, world
from bench.overload.bounds import EngineSeconds
from fairlead.simulator.traffic.arrivals import RequestArrival


def needs(prompt: int, reply: int) -> EngineSeconds:
    (found,) = bounds.engine_seconds(
        [RequestArrival(time=0.0, prompt_tokens=prompt, output_tokens=reply)], world.fleet()
    )
    return found


def test_a_longer_reply_takes_engine_time_and_the_prompt_does_not() -> None:
    short, long = needs(1000, 50), needs(1000, 500)

    assert long.prompt == short.prompt > 0
    assert long.reply > 10 * short.reply, "each token of it is written beside a longer context"


def test_a_longer_prompt_takes_more_of_both() -> None:
    short, long = needs(500, 50), needs(5000, 50)

    assert long.prompt > 9 * short.prompt
    assert long.reply > short.reply
