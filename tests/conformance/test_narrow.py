"""One slot, a short priority queue, and a key: who is served first, who is refused, and in which words.

SGLang is configured to serve low numbers first, as Fairlead does, and to end no request for another's priority.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TypeAlias

import pytest

from tests.conformance import page
from tests.conformance.configurations import BACKLOG, HELD, KEY, SLOTS
from tests.conformance.endpoint import MODEL, Answer, Endpoint, Json
from tests.waiting import eventually

BUSY = "The engine is currently busy and cannot accept new requests. Please try again later or on a different instance."
LONG = HELD - 100
APART = 300
"""Tokens of the waiting requests: enough that one ends well before the next, on any machine."""
Case: TypeAlias = tuple[str, Json, dict[str, str]]
"""A request's name here, its fields beyond the usual, and its headers."""


@contextmanager
def queue(queueing: Endpoint, cases: Sequence[Case]) -> Iterator[list[str]]:
    """While the block lasts, another request has the slot, and these wait for it in this order.

    Then the slot is freed, and the list gets the names in the order in which they were served.
    """
    served: list[str] = []
    threads = [threading.Thread(target=_send, args=(queueing, case, served), daemon=True) for case in cases]
    stream = queueing.open("/v1/completions", prompt=[3, 4], max_tokens=LONG, ignore_eos=True, stream=True)
    with closing(stream):
        assert stream.status == 200
        stream.take(1)
        for place, thread in enumerate(threads, start=1):
            thread.start()
            _until_waiting(queueing, place)
        yield served
    for thread in threads:
        thread.join(60)
    eventually(lambda: queueing.load().running == 0, "the seat is free")


def test_the_request_with_the_lower_priority_number_is_served_first(queueing: Endpoint) -> None:
    cases: list[Case] = [("late", {"priority": 5}, {}), ("soon", {"priority": 0}, {})]
    with queue(queueing, cases) as served:
        assert served == []
    assert served == ["soon", "late"]


def test_a_header_beats_the_bodys_priority(narrow: Endpoint) -> None:
    cases = [("first", {"priority": 5}, {}), ("second", {"priority": 9}, {"X-Vllm-Priority": "1"})]
    with queue(narrow, cases) as served:
        pass
    assert served == ["second", "first"]


def test_equals_are_served_in_the_order_in_which_they_came(queueing: Endpoint) -> None:
    with queue(queueing, [("first", {}, {}), ("second", {}, {})]) as served:
        pass
    assert served == ["first", "second"]


def test_a_waiting_request_never_ends_a_running_one(queueing: Endpoint) -> None:
    before = queueing.load().preemptions or 0
    with queue(queueing, [("urgent", {"priority": -100}, {})]) as served:
        assert served == []
        assert queueing.load().running == 1
    assert served == ["urgent"]
    assert (queueing.load().preemptions or 0) == before


def test_a_full_house_turns_away(narrow: Endpoint) -> None:
    before = page.now(narrow)
    others: list[Case] = [(str(place), {}, {}) for place in range(SLOTS - 1)]
    with queue(narrow, others):
        refused = narrow.complete("hello", max_tokens=1)
        streamed = narrow.complete("hello", max_tokens=1, stream=True)
        seen = page.now(narrow)
    error = {"message": BUSY, "type": "Service Unavailable", "param": None, "code": 503}
    assert (refused.status, refused.json) == (503, {"error": error})
    assert (streamed.status, streamed.json) == (503, {"error": error})
    assert "retry-after" not in refused.headers
    assert seen.value("vllm:num_requests_waiting_by_reason", reason="capacity") == SLOTS - 1
    rejected = {"reason": "max_num_queued_reqs"}
    name = "vllm:admission_rejections_total"
    assert seen.value(name, **rejected) == before.value(name, **rejected) + 2


def test_each_of_n_takes_a_place(narrow: Endpoint) -> None:
    refused = narrow.complete("hello", max_tokens=1, n=SLOTS + 1, temperature=0.5)
    assert (refused.status, refused.json["error"]["message"]) == (503, BUSY)


def test_each_of_several_prompts_takes_a_place(narrow: Endpoint) -> None:
    refused = narrow.complete([[5, 6]] * (SLOTS + 1), max_tokens=1)
    assert (refused.status, refused.json["error"]["message"]) == (503, BUSY)


def test_too_many_tokens_in_the_queue_turn_requests_away(narrow: Endpoint) -> None:
    name, rejected = "vllm:admission_rejections_total", {"reason": "max_num_queued_tokens"}
    before = page.now(narrow).value(name, **rejected)
    with queue(narrow, [("long", {"prompt": [7] * BACKLOG}, {})]):
        refused = narrow.complete("hello", max_tokens=1)
    assert (refused.status, refused.json["error"]["type"]) == (503, "Service Unavailable")
    assert refused.json["error"]["message"].startswith("The engine has reached its prefill token backlog limit. ")
    assert page.now(narrow).value(name, **rejected) == before + 1


@pytest.mark.parametrize("token", ["Bearer wrong", "Basic sesame", ""])
def test_the_api_requires_its_key(queueing: Endpoint, token: str) -> None:
    answer = queueing.send("GET", "/v1/models", headers={"Authorization": token})
    assert (answer.status, answer.json) == (401, {"error": "Unauthorized"})


@pytest.mark.parametrize("path", ["/health", "/metrics", "/version", "/load"])
def test_what_machines_ask_needs_no_key(narrow: Endpoint, path: str) -> None:
    assert narrow.send("GET", path, headers={"Authorization": ""}).status == 200


def test_tokens_are_counted_without_a_key(narrow: Endpoint) -> None:
    answer = narrow.send("POST", "/tokenize", {"model": MODEL, "prompt": "hello"}, {"Authorization": ""})
    assert answer.status == 200


def test_the_key_opens(queueing: Endpoint) -> None:
    assert queueing.send("GET", "/v1/models", headers={"Authorization": f"Bearer {KEY}"}).status == 200


def _until_waiting(queueing: Endpoint, count: int) -> None:
    eventually(lambda: queueing.load().waiting == count, f"{count} are waiting")


def _send(queueing: Endpoint, case: Case, served: list[str]) -> None:
    name, body, headers = case
    request: Json = {"model": MODEL, "prompt": [8, 9], "max_tokens": APART, "ignore_eos": True} | body
    answer: Answer = queueing.send("POST", "/v1/completions", request, headers)
    assert answer.status == 200
    served.append(name)
