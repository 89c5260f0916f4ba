"""KV events over ZMQ: frames, numbers, which events are published, and hashes that anyone can compute."""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

import msgpack  # type: ignore[import-untyped]
import pytest
import zmq

from tests.conformance import events, page
from tests.conformance.block_chain import Key, chain, events_number
from tests.conformance.configurations import RICH
from tests.conformance.conftest import Stage
from tests.conformance.endpoint import MODEL, Endpoint
from tests.conformance.events import Reader
from tests.conformance.servers import HOST, adapter_path

SIZE: Final = 32
STORED: Final = (
    *("type", "block_hashes", "parent_block_hash", "token_ids", "block_size", "lora_id", "medium", "lora_name"),
    *("extra_keys", "group_idx", "kv_cache_spec_kind"),
)


@pytest.fixture(scope="module")
def connected(stage: Stage) -> Iterator[Reader]:
    with events.connected(stage.have(RICH)) as reader:
        yield reader


@pytest.fixture
def reader(connected: Reader) -> Reader:
    connected.messages()
    return connected


def numbers(tokens: list[int], *, every: Sequence[Key] = (), first: Sequence[Key] = ()) -> list[int]:
    return [events_number(digest) for digest in chain(tokens, SIZE, every=every, first=first)]


def test_a_prompts_blocks_are_stored_in_one_event(rich: Endpoint, reader: Reader) -> None:
    prompt = list(range(10, 10 + 3 * SIZE + 5))
    rich.complete(prompt, max_tokens=1)
    ((_, (event,), rank),) = reader.messages()
    assert rank == 0
    assert tuple(event) == STORED
    assert event == {
        "type": "BlockStored",
        "block_hashes": numbers(prompt),
        "parent_block_hash": None,
        "token_ids": prompt[: 3 * SIZE],
        "block_size": SIZE,
        "lora_id": None,
        "medium": "GPU",
        "lora_name": None,
        "extra_keys": [None, None, None],
        "group_idx": 0,
        "kv_cache_spec_kind": "full_attention",
    }


def test_blocks_that_are_cached_already_are_not_published_again(rich: Endpoint, reader: Reader) -> None:
    prompt = [40 + place % 31 for place in range(2 * SIZE + 3)]
    rich.complete(prompt, max_tokens=1)
    ((before, _, _),) = reader.messages()
    rich.complete(prompt, max_tokens=1)
    assert reader.messages() == []
    rich.complete([*prompt[: 2 * SIZE], *range(300, 300 + SIZE)], max_tokens=1)
    ((number, (event,), _),) = reader.messages()
    assert number == before + 1
    assert event["parent_block_hash"] == numbers(prompt)[-1]
    assert event["token_ids"] == list(range(300, 300 + SIZE))


def test_a_block_that_is_filled_by_the_reply_is_published_when_it_is_full(rich: Endpoint, reader: Reader) -> None:
    prompt = [70 + place % 29 for place in range(SIZE + 20)]
    body = rich.complete(prompt, max_tokens=30, ignore_eos=True, return_token_ids=True).json
    whole = [*prompt, *body["choices"][0]["token_ids"]]
    first, second = reader.events("BlockStored")
    assert (first["token_ids"], second["token_ids"]) == (whole[:SIZE], whole[SIZE : 2 * SIZE])
    assert second["parent_block_hash"] == first["block_hashes"][-1]
    assert [*first["block_hashes"], *second["block_hashes"]] == numbers(whole[: 2 * SIZE])


def test_a_salt_is_in_the_first_block_and_so_in_all(rich: Endpoint, reader: Reader) -> None:
    prompt = [90 + place % 23 for place in range(2 * SIZE + 1)]
    rich.complete(prompt, max_tokens=1, cache_salt="pepper")
    (event,) = reader.events("BlockStored")
    assert event["extra_keys"] == [["pepper"], None]
    assert event["block_hashes"] == numbers(prompt, first=[("cache_salt", "pepper")])


def test_an_adapter_is_in_every_block(rich: Endpoint, reader: Reader) -> None:
    prompt = [110 + place % 19 for place in range(2 * SIZE + 1)]
    rich.post("/v1/load_lora_adapter", lora_name="of-events", lora_path=adapter_path())
    try:
        rich.complete(prompt, model="of-events", max_tokens=1)
    finally:
        rich.post("/v1/unload_lora_adapter", lora_name="of-events")
    (event,) = reader.events("BlockStored")
    assert event["extra_keys"] == [["of-events"], ["of-events"]]
    assert (event["lora_name"], event["lora_id"] > 0) == ("of-events", True)
    assert event["block_hashes"] == numbers(prompt, every=[("lora", "of-events", adapter_path())])


def test_an_emptied_cache_is_published_with_the_next_step(rich: Endpoint, reader: Reader) -> None:
    assert rich.post("/reset_prefix_cache").json == {"success": True}
    assert reader.messages() == []
    rich.complete([5] * (SIZE + 1), max_tokens=1)
    ((_, (cleared, stored), _),) = reader.messages()
    assert (cleared, stored["type"]) == ({"type": "AllBlocksCleared"}, "BlockStored")


def test_what_was_missed_can_be_had_again(rich: Endpoint, reader: Reader) -> None:
    rich.complete([150 + place % 17 for place in range(SIZE + 1)], max_tokens=1, cache_salt="again")
    ((last, message, _),) = reader.messages()
    with zmq.Context() as context, context.socket(zmq.DEALER) as subscriber:
        subscriber.setsockopt(zmq.LINGER, 0)
        subscriber.connect(f"tcp://{HOST}:{rich.ports['replay']}")
        subscriber.send_multipart([b"", struct.pack(">Q", last)])
        assert subscriber.poll(5000)
        _, topic, number, payload = subscriber.recv_multipart()
        assert (topic, struct.unpack(">Q", number)[0]) == (b"kv-events", last)
        assert msgpack.unpackb(payload)[1] == message
        assert subscriber.poll(5000)
        assert subscriber.recv_multipart()[-2:] == [struct.pack(">q", -1), b""]


def test_the_event_sources_are_reported(rich: Endpoint) -> None:
    assert rich.get("/kv_event_sources").json == {
        "0": {
            "enable_kv_cache_events": True,
            "publisher": "zmq",
            "endpoint": f"tcp://{HOST}:{rich.ports['events']}",
            "replay_endpoint": f"tcp://{HOST}:{rich.ports['replay']}",
            "buffer_steps": 10000,
            "hwm": 100000,
            "max_queue_size": 100000,
            "topic": "kv-events",
        }
    }


def test_the_page_shows_how_blocks_are_hashed(rich: Endpoint) -> None:
    (label,) = page.now(rich).labels("vllm:cache_config_info")
    assert (label["prefix_caching_hash_algo"], label["block_size"]) == ("sha256_cbor", str(SIZE))
    assert MODEL not in label.values()
