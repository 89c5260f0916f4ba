"""The contents of the prefix cache, published over ZeroMQ as by vLLM 0.32: three frames a step, msgpack maps.

A step without changes publishes nothing. Old batches are kept for subscribers that request them from the replay socket.
"""

import asyncio
import socket
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]
import zmq
import zmq.asyncio

from fairlead.emulator.engine.submitted_jobs import RunningSequence

_MEDIUM: Final = "GPU"
_KIND: Final = "full_attention"
_LINGER_MS: Final = 100
_END: Final = (-1).to_bytes(8, "big", signed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class KvEventsConfig:
    """`--kv-events-config` with its defaults."""

    enable_kv_cache_events: bool = False
    publisher: str = "null"
    endpoint: str = "tcp://*:5557"
    replay_endpoint: str | None = None
    buffer_steps: int = 10_000
    hwm: int = 100_000
    max_queue_size: int = 100_000
    topic: str = ""

    @property
    def on(self) -> bool:
        """Whether events are published."""
        return self.enable_kv_cache_events and self.publisher == "zmq"


def config(options: Mapping[str, Any] | None) -> KvEventsConfig:
    """Return the configuration; events that are enabled without a named publisher go over ZeroMQ."""
    given = {key: value for key, value in (options or {}).items() if key in KvEventsConfig.__dataclass_fields__}
    given.setdefault("publisher", "zmq" if given.get("enable_kv_cache_events") else "null")
    return KvEventsConfig(**given)


@dataclass(slots=True)
class _BlockText:
    """The source of a block's tokens: any request with the same block hash."""

    sequence: RunningSequence
    index: int
    runs: int = 0
    """Requests in flight that may store the block."""


class KvEventJournal:
    """Changes of one rank's prefix cache since its last step; keeps the tokens of each block hash."""

    def __init__(self, page: int, adapter_number: Callable[[str], int]) -> None:
        self._page = page
        self._adapter_number = adapter_number
        self._texts: dict[int, _BlockText] = {}
        self._stored: Counter[int] = Counter()
        """Blocks by hash: concurrent requests may store equal blocks, and each one is published, as in vLLM."""
        self._events: list[dict[str, Any]] = []

    def expect(self, sequence: RunningSequence) -> None:
        """Keep the tokens of a new request's blocks, by their hashes."""
        for index, name in enumerate((*sequence.prefix, *sequence.reply)):
            self._texts.setdefault(name, _BlockText(sequence, index)).runs += 1

    def forget(self, sequence: RunningSequence) -> None:
        """Forget a request that has ended, and the tokens of its blocks that no cache entry or other request shares."""
        for name in (*sequence.prefix, *sequence.reply):
            block = self._texts[name]
            block.runs -= 1
            self._let_go(name, block)

    def stored(self, names: Sequence[int], parent: int | None) -> None:
        """Record blocks stored in sequence after the parent block."""
        texts = [self._texts[name] for name in names]
        sequence, page = texts[0].sequence, self._page
        self._stored.update(names)
        ids = [token for text in texts for token in _ids(text.sequence, text.index * page, page)]
        event: dict[str, Any] = {
            "type": "BlockStored",
            "block_hashes": list(names),
            "parent_block_hash": parent,
            "token_ids": ids,
            "block_size": page,
            "lora_id": self._adapter_number(sequence.adapter) if sequence.adapter else None,
            "medium": _MEDIUM,
            "lora_name": sequence.adapter,
            "extra_keys": [_untagged_keys(text) for text in texts],
            "group_idx": 0,
            "kv_cache_spec_kind": _KIND,
        }
        self._events.append(event)

    def removed(self, name: int) -> None:
        """Record that a cached block was evicted for reuse."""
        self._stored[name] -= 1
        self._let_go(name, self._texts[name])
        self._events.append({"type": "BlockRemoved", "block_hashes": [name], "medium": _MEDIUM, "group_idx": 0})

    def cleared(self) -> None:
        """Record that the prefix cache was emptied; published with the next step, as in vLLM."""
        stored, self._stored = self._stored, Counter()
        for name in stored:
            self._let_go(name, self._texts[name])
        self._events.append({"type": "AllBlocksCleared"})

    def _let_go(self, name: int, block: _BlockText) -> None:
        """Forget a block's tokens unless it is stored, or a request in flight may store it."""
        if not self._stored[name]:
            del self._stored[name]
            if not block.runs:
                del self._texts[name]

    @property
    def remembered(self) -> int:
        """Number of blocks whose tokens are kept."""
        return len(self._texts)

    def taken(self) -> list[dict[str, Any]]:
        """Return and clear all events since the last call."""
        events, self._events = self._events, []
        return events


def _ids(run: RunningSequence, start: int, count: int) -> list[int]:
    """Slice prompt and reply together."""
    sequence = run.job.job.sequences[run.index]
    prompt = sequence.prompt_ids
    cut = max(0, start - len(prompt))
    return [*prompt[start : start + count], *sequence.reply_ids[cut : max(0, start + count - len(prompt))]]


def _untagged_keys(text: _BlockText) -> list[str] | None:
    """Return a block's extra keys as in events, without the tags that the hash covers."""
    sequence = text.sequence
    keys = ([sequence.adapter] if sequence.adapter else []) + (
        [sequence.salt] if sequence.salt and text.index == 0 else []
    )
    return keys or None


class KvEventPublisher:
    """The ZeroMQ sockets of one rank."""

    def __init__(self, config: KvEventsConfig, rank: int, clock: Callable[[], float]) -> None:
        self._rank = rank
        self._clock = clock
        self._topic = config.topic.encode()
        self._sequence = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=config.buffer_steps)
        self._context = zmq.Context()
        self._out = self._context.socket(zmq.PUB)
        self._out.set_hwm(config.hwm)
        endpoint = _opened(self._out, _offset(config.endpoint, rank))
        replay_endpoint: str | None = None
        self._replaying: asyncio.Task[None] | None = None
        self._replay_socket: zmq.asyncio.Socket | None = None
        if config.replay_endpoint is not None:
            # Publishing never blocks, but replay waits: a blocking and an asyncio socket share one context.
            self._replay_socket = replay = zmq.asyncio.Context(self._context).socket(zmq.ROUTER)
            replay_endpoint = _opened(replay, _offset(config.replay_endpoint, rank), bind=True)
            self._replaying = asyncio.get_running_loop().create_task(self._replay(replay))
        self.config = replace(config, endpoint=endpoint, replay_endpoint=replay_endpoint)
        """The configuration with the endpoints resolved."""

    def publish(self, events: list[dict[str, Any]]) -> None:
        """Publish one batch; a subscriber that is too slow loses it and sees a gap in the sequence numbers."""
        payload = msgpack.packb([self._clock(), events, self._rank])
        number = self._sequence.to_bytes(8, "big")
        self._kept.append((self._sequence, payload))
        self._sequence += 1
        self._out.send_multipart((self._topic, number, payload), zmq.DONTWAIT)

    def close(self) -> None:
        """Close the sockets; nothing is published afterwards."""
        if self._replaying is not None:
            self._replaying.cancel()
        if self._replay_socket is not None:
            self._replay_socket.close(linger=0)
        self._out.close(linger=_LINGER_MS)
        self._context.term()

    async def _replay(self, replay_socket: "zmq.asyncio.Socket") -> None:
        """Respond to a sequence number with every batch kept from there on, then an end marker."""
        while True:
            frames = await replay_socket.recv_multipart()
            if len(frames) < 3 or len(frames[2]) != 8:
                continue
            client, start = frames[0], int.from_bytes(frames[2], "big")
            for number, payload in list(self._kept):
                if number >= start:
                    await replay_socket.send_multipart((client, b"", self._topic, number.to_bytes(8, "big"), payload))
            await replay_socket.send_multipart((client, b"", self._topic, _END, b""))


def _offset(endpoint: str, rank: int) -> str:
    """Return the endpoint of a data-parallel rank; each has its own port."""
    address, colon, port = endpoint.rpartition(":")
    if rank == 0 or not port.isdigit() or port == "0":
        return endpoint if rank == 0 or port == "0" else f"{endpoint}_dp{rank}"
    return f"{address}{colon}{int(port) + rank}"


def _opened(made: "zmq.Socket[Any] | zmq.asyncio.Socket", endpoint: str, *, bind: bool = False) -> str:
    """Bind to a wildcard address or a local socket; connect to any other, which the subscriber binds."""
    if endpoint == "tcp://*:0":
        made.bind(f"tcp://{_own_address()}:0")
        return str(made.getsockopt_string(zmq.LAST_ENDPOINT))
    if bind or "*" in endpoint or "::" in endpoint or endpoint.startswith(("ipc://", "inproc://")):
        made.bind(endpoint)
    else:
        made.connect(endpoint)
    return endpoint


def _own_address() -> str:
    with suppress(OSError):
        return socket.gethostbyname(socket.gethostname())
    return "127.0.0.1"
