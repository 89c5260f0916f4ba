"""`python -m bench.router_cache`: the promises of the response cache, kept or not, and what a hit costs.

Each line of the table is one promise. CPU is the router's user and system time over all hits of a round.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.router_cache import hammer
from bench.router_cache.world import (
    ENGINE_PORT,
    METRICS_PORT,
    ROUTER_PORT,
    SCRIPTED_PORT,
    World,
    figure,
    get_page,
    running,
    send,
)

RequestRow = tuple[str, str, dict[str, Any]]
CHAT: Final = "/v1/chat/completions"
COLD: Final[dict[str, Any]] = {"model": "chat", "temperature": 0, "max_tokens": 24}
USER: Final = [{"role": "user", "content": "Why is the sky blue?"}]
TOOL: Final = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
NAMED: Final = {
    "tools": [{"type": "function", "function": TOOL}],
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
}
SIMULATED: Final[tuple[RequestRow, ...]] = (
    ("chat", CHAT, {**COLD, "messages": USER}),
    ("chat, streamed", CHAT, {**COLD, "messages": USER, "stream": True}),
    (
        "chat, streamed with usage",
        CHAT,
        {**COLD, "messages": USER, "stream": True, "stream_options": {"include_usage": True}},
    ),
    ("chat, a tool called", CHAT, {**COLD, "messages": USER, **NAMED}),
    ("chat, a tool called, streamed", CHAT, {**COLD, "messages": USER, **NAMED, "stream": True}),
    ("chat, logprobs", CHAT, {**COLD, "messages": USER, "logprobs": True, "top_logprobs": 2}),
    ("chat, a seed", CHAT, {"model": "chat", "seed": 7, "max_tokens": 24, "messages": USER}),
    ("completions", "/v1/completions", {**COLD, "prompt": "Once"}),
    ("completions, streamed", "/v1/completions", {**COLD, "prompt": "Once", "stream": True}),
    ("responses", "/v1/responses", {"model": "chat", "temperature": 0, "max_output_tokens": 24, "input": "Why?"}),
    (
        "responses, streamed",
        "/v1/responses",
        {"model": "chat", "temperature": 0, "max_output_tokens": 24, "input": "Why?", "stream": True},
    ),
    ("messages", "/v1/messages", {**COLD, "messages": USER}),
    ("messages, streamed", "/v1/messages", {**COLD, "messages": USER, "stream": True}),
)
SCRIPTED: Final[tuple[RequestRow, ...]] = (
    ("reasoning", CHAT, {**COLD, "messages": USER, "script": "well"}),
    ("reasoning and a tool, streamed", CHAT, {**COLD, "messages": USER, "script": "well", "stream": True}),
    (
        "the same with usage",
        CHAT,
        {**COLD, "messages": USER, "script": "well", "stream": True, "stream_options": {"include_usage": True}},
    ),
)
WORDS: Final = " ".join(f"word{number % 977}" for number in range(2300))
HIT: Final[tuple[RequestRow, ...]] = (
    ("a short chat", CHAT, {**COLD, "messages": USER}),
    ("a short chat, streamed", CHAT, {**COLD, "messages": USER, "stream": True}),
    ("18 kB of chat", CHAT, {**COLD, "messages": [{"role": "user", "content": WORDS}]}),
)
MAX_US: Final = 100
FIGURES: Final = ("at once", "CPU of a hit", "afterwards")
"""Name parts of the promises whose figures are in the last line, which is the claim."""
HALVES: Final = ("cut", "error", "abort")
Line = tuple[str, str, bool]


def twice(values: tuple[RequestRow, ...]) -> Iterator[Line]:
    """The second answer has the same bytes as the first, and is marked as a hit."""
    for name, path, body in values:
        first, second = send(ROUTER_PORT, path, body), send(ROUTER_PORT, path, body)
        words = f"{first.cache}, then {second.cache}; {len(first.body):,} bytes"
        kept = (first.cache, second.cache) == ("miss", "hit") and first.status == second.status == 200
        yield f"{name}: equal bytes", words, kept and first.body == second.body and "age" in second.lines


def apart() -> Iterator[Line]:
    """What the cache must not answer."""
    _, path, body = SIMULATED[0]
    bank = send(ROUTER_PORT, path, body, "bank")
    yield "another tenant asks the same: not given", bank.cache, bank.cache == "miss"
    for word, lines in (("no-store", {"Cache_Control": "no-store"}), ("off", {"x_fairlead_cache": "off"})):
        found = send(ROUTER_PORT, path, body, **lines)
        yield f"{word}: passed by", found.cache, found.cache.startswith("pass")
    fresh = send(ROUTER_PORT, path, body, x_fairlead_cache="refresh")
    yield "refresh: asked anew", fresh.cache, fresh.cache == "miss"
    for name, more in (("sampled", {"temperature": 0.7}), ("two answers", {"n": 2})):
        found = send(ROUTER_PORT, path, {**body, **more})
        yield f"{name}: passed by", found.cache, found.cache.startswith("pass")


def halves() -> Iterator[Line]:
    """Broken answers are not stored, however properly they ended."""
    for script in HALVES:
        body = {**COLD, "messages": USER, "script": script, "stream": True}
        found = [send(ROUTER_PORT, CHAT, body).cache for _ in range(3)]
        yield f"a stream with {script}: not kept", ", ".join(found), "hit" not in found


def at_once(clients: int) -> Iterator[Line]:
    """One upstream request, and the same bytes for every client."""
    for name, more in (("plain", {}), ("streamed", {"stream": True})):
        body = {**COLD, "messages": [{"role": "user", "content": f"All at once, {name}"}], **more}
        before = figure(get_page(ENGINE_PORT, "/metrics"), "vllm:request_success_total")
        seen = asyncio.run(hammer.hammer(hammer.request(CHAT, body), connections=clients, times=1))
        request = figure(get_page(ENGINE_PORT, "/metrics"), "vllm:request_success_total") - before
        words = {word: sum(times for (one, _), times in seen.items() if one == word) for word, _ in seen}
        text = ", ".join(f"{times} {word.decode()}" for word, times in sorted(words.items()))
        equal = len({body for _, body in seen}) == 1 and sum(seen.values()) == clients
        yield (
            f"{clients} ask the same at once, {name}: one upstream",
            f"{request:.0f} upstream; {text}",
            request == 1 and equal,
        )


def cost(world: World, hits: int) -> Iterator[Line]:
    """CPU time of the router for a hit, with everything on; and for its plainest page, for scale."""
    for name, path, body in HIT:
        send(ROUTER_PORT, path, body)
        spent, words = microseconds(world, hammer.request(path, body), hits)
        yield f"CPU of a hit, {name}", f"{spent:.0f} us (at most {MAX_US})", words == {b"hit"} and spent <= MAX_US
    plain, _ = microseconds(world, b"GET /health HTTP/1.1\r\nHost: router\r\n\r\n", hits)
    yield "for scale: CPU of GET /health", f"{plain:.0f} us", True


def microseconds(world: World, request: bytes, times: int) -> tuple[float, set[bytes]]:
    """CPU of the router per request, in the best of five rounds, and the cache states that it reported."""
    best, words = float("inf"), set()
    for _ in range(5):
        before = world.router.cpu_seconds()
        seen = asyncio.run(hammer.hammer(request, connections=8, times=times // 8))
        best = min(best, (world.router.cpu_seconds() - before) / (times // 8 * 8) * 1e6)
        words |= {word for word, _ in seen}
    return best, words


def lines(world: World, clients: int, hits: int) -> Iterator[Line]:
    """All promises, in the order in which they can be checked."""
    rested = world.router.rss_megabytes()
    yield from twice(SIMULATED)
    yield from apart()
    yield from at_once(clients)
    yield from cost(world, hits)
    world.routed_to(SCRIPTED_PORT)
    _, path, body = SIMULATED[0]
    other = send(ROUTER_PORT, path, body).cache
    yield "another engine, and neither names a revision: not given", other, other == "miss"
    yield from twice(SCRIPTED)
    yield from halves()
    page = get_page(METRICS_PORT, "/metrics")
    left = figure(page, "fairlead_router_requests_in_flight")
    yield (
        "afterwards nothing is in flight",
        f"{left:.0f}; {rested:.0f} MB, then {world.router.rss_megabytes():.0f} MB",
        left == 0,
    )


def main() -> int:
    """Print the table; 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000, help="how many ask at once; default 1000")
    parser.add_argument("--hits", type=int, default=8000, help="in each of five rounds; default 8000")
    chosen = parser.parse_args()
    texts, broken = [], 0
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as world:
        for promise, found, kept in lines(world, chosen.clients, chosen.hits):
            broken += not kept
            if any(word in promise for word in FIGURES):
                texts.append(f"{promise}: {found}")
            print(f"{'kept  ' if kept else 'BROKEN'}  {promise:<62} {found}", flush=True)
    print("; ".join((f"router cache: {broken} promises broken", *texts)))
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())
