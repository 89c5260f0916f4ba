"""The log line from which people and tools read vLLM's load."""

import asyncio

from fairlead.emulator.vllm.stats_line import LoggedCounts, StatsLine
from tests.emulator.engine.virtual import Client, engine, sequence
from tests.virtual_time import now, run_story


def test_the_line_has_rates_since_the_last_one_and_is_absent_at_rest() -> None:
    async def story() -> None:
        live = engine()
        stats = StatsLine(0, live.driver.ranks[0], LoggedCounts(now()))
        await asyncio.sleep(10)
        assert stats.line(now()) is None
        await Client(live, sequence(96, 5)).answered()
        client = Client(live, sequence(96, 200))
        await asyncio.sleep(9.4)
        line = stats.line(now())
        await client.answered()
        assert line == (
            "INFO Engine 000: Avg prompt throughput: 11.2 tokens/s, Avg generation throughput: 9.7 tokens/s, "
            "Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.6%, Prefix cache hit rate: 41.7%"
        )

    run_story(story())
