"""The metrics of every engine kind, read as scaling and routers read them, and its cache."""

from contextlib import closing

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.engine_load import EngineLoad
from tests.conformance import bodies
from tests.conformance.endpoint import Endpoint
from tests.waiting import eventually

IDS = list(range(20, 84))
TOKENS = 12
BLOCK = 16
"""Tokens of the largest cache page among the kinds."""


def grown(endpoint: Endpoint, before: EngineLoad, finished: int) -> EngineLoad:
    """Its load once this many more requests have ended."""

    def observe() -> EngineLoad | None:
        now = endpoint.load()
        return now if (now.finished or 0) >= (before.finished or 0) + finished else None

    found = eventually(observe, "requests that ended are told", 10)
    assert isinstance(found, EngineLoad)
    return found


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_is_counted_in_tokens_and_once(richer: Endpoint, stream: bool) -> None:
    before = richer.load()
    richer.complete(IDS, max_tokens=TOKENS, ignore_eos=True, cache_salt=f"counted {stream}", stream=stream)
    after = grown(richer, before, 1)
    assert (after.prompt_tokens or 0) - (before.prompt_tokens or 0) == len(IDS)
    generated = TOKENS if richer.words.counts_first else TOKENS - 1
    assert (after.generation_tokens or 0) - (before.generation_tokens or 0) == generated
    assert (after.finished or 0) - (before.finished or 0) == 1
    assert (after.running, after.waiting, after.kv_usage) == (0, 0, 0)
    assert after.capacity_tokens is not None
    assert after.capacity_tokens > 1024


def test_its_latencies_are_sampled(richer: Endpoint) -> None:
    before = richer.load()
    richer.complete(IDS, max_tokens=TOKENS, ignore_eos=True, stream=True, cache_salt="sampled")
    after = grown(richer, before, 1)
    for name, count in (("time_to_first_token", 1), ("inter_token", TOKENS - 1), ("request_pace", 1)):
        now, then = getattr(after, name), getattr(before, name)
        assert now.count - (then.count if then else 0) == count, name
        assert now.buckets[-1][1] == now.count


def test_cached_tokens_are_reported_in_the_answer_and_on_the_page(detailed: Endpoint) -> None:
    before = detailed.load()
    prompt = {"max_tokens": 1, "ignore_eos": True, "cache_salt": "held in the cache"}
    first, second = (detailed.complete(IDS, **prompt).json["usage"] for _ in range(2))
    held = second["prompt_tokens_details"]["cached_tokens"]
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    assert len(IDS) - 2 * BLOCK <= held < len(IDS)
    after = grown(detailed, before, 2)
    assert (after.prefix_hits or 0) - (before.prefix_hits or 0) == held
    assert (after.prefix_queries or 0) - (before.prefix_queries or 0) == 2 * len(IDS)


def test_a_salt_keeps_caches_apart(detailed: Endpoint) -> None:
    for salt in ("one tenant", "another tenant"):
        usage = detailed.complete(IDS, max_tokens=1, cache_salt=salt).json["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] == 0


def test_cached_tokens_are_reported_at_a_streams_end(detailed: Endpoint) -> None:
    document = {"max_tokens": 1, "cache_salt": "end", "stream": True, "stream_options": {"include_usage": True}}
    first, second = (detailed.complete(IDS, **document).chunks[-1]["usage"] for _ in range(2))
    assert first["prompt_tokens_details"] == {"cached_tokens": 0}
    assert second["prompt_tokens_details"]["cached_tokens"] >= len(IDS) - 2 * BLOCK
    assert {name: second[name] for name in bodies.USAGE[:3]} == bodies.usage(len(IDS), 1)


def test_running_and_waiting_requests_are_reported_while_they_last(queueing: Endpoint) -> None:
    """A router reads the same figures of the same page in its own way."""
    holder = queueing.open("/v1/completions", prompt=[3, 4], max_tokens=4000, ignore_eos=True, stream=True)
    with closing(holder):
        holder.take(20)
        waiting = queueing.open("/v1/completions", prompt=[3, 4], max_tokens=1, stream=True)
        with closing(waiting):
            eventually(lambda: (queueing.load().running, queueing.load().waiting) == (1, 1), "one runs, one waits", 10)
            api = ENGINES[queueing.words.kind].api
            quick = api.quick_load(queueing.get(api.metrics_path).text.encode())
            assert quick is not None
            assert (quick.running, quick.waiting) == (1, 1)
            assert quick.kv_tokens == queueing.load().capacity_tokens
    eventually(lambda: queueing.load().running == 0, "nobody is left", 20)


def test_a_client_that_goes_is_not_counted(queueing: Endpoint) -> None:
    before = queueing.load()
    stream = queueing.open("/v1/completions", prompt=[3, 4], max_tokens=4000, ignore_eos=True, stream=True)
    with closing(stream):
        stream.take(50)
    eventually(lambda: queueing.load().running == 0, "it is gone", 20)
    after = queueing.load()
    assert after.finished == before.finished
    least = 50 if queueing.words.counts_first else 49
    assert least <= (after.generation_tokens or 0) - (before.generation_tokens or 0) < 4000
    assert after.kv_usage == 0
