"""LoRA adapters that are loaded and unloaded while the server runs."""

from collections.abc import Iterator

import pytest

from tests.conformance import page
from tests.conformance.endpoint import MODEL, Endpoint
from tests.conformance.servers import adapter_path

LOAD, UNLOAD = "/v1/load_lora_adapter", "/v1/unload_lora_adapter"


@pytest.fixture
def loaded(rich: Endpoint) -> Iterator[Endpoint]:
    answer = rich.post(LOAD, lora_name="poet", lora_path=adapter_path())
    assert (answer.status, answer.text) == (200, "Success: LoRA adapter 'poet' added successfully.")
    yield rich
    rich.post(UNLOAD, lora_name="poet")


def test_an_adapter_has_a_card(loaded: Endpoint) -> None:
    base, card = loaded.get("/v1/models").json["data"]
    assert base["id"] == MODEL
    assert (card["id"], card["root"], card["parent"], card["max_model_len"]) == (
        "poet",
        adapter_path(),
        MODEL,
        None,
    )


def test_an_adapter_answers_under_its_name(loaded: Endpoint) -> None:
    body = loaded.complete("hello", model="poet", max_tokens=3, ignore_eos=True).json
    assert (body["model"], body["usage"]["completion_tokens"]) == ("poet", 3)


def test_an_adapter_shares_no_cache_with_the_model(loaded: Endpoint) -> None:
    prompt = [211] * 65
    loaded.complete(prompt, max_tokens=1)
    before = page.now(loaded)
    loaded.complete(prompt, model="poet", max_tokens=1)
    queries, hits = "vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total"
    grown = page.settled(loaded, lambda now: now.value(queries) >= before.value(queries) + len(prompt))
    assert grown.value(hits) == before.value(hits)


def test_active_adapters_are_reported_with_the_time(loaded: Endpoint) -> None:
    loaded.complete("hello", model="poet", max_tokens=5, ignore_eos=True)
    seen = page.settled(loaded, lambda now: any(row["running_lora_adapters"] for row in _rows(now)))
    assert {"max_lora": "1", "running_lora_adapters": "poet", "waiting_lora_adapters": "poet"} in _rows(seen)


def test_an_adapter_is_loaded_once(loaded: Endpoint) -> None:
    answer = loaded.post(LOAD, lora_name="poet", lora_path=adapter_path())
    assert (answer.status, answer.json["error"]) == (
        400,
        {
            "message": "The lora adapter 'poet' has already been loaded. If you want to load the adapter in place, "
            "set 'load_inplace' to True.",
            "type": "InvalidUserInput",
            "param": None,
            "code": 400,
        },
    )
    again = loaded.post(LOAD, lora_name="poet", lora_path=adapter_path(), load_inplace=True)
    assert (again.status, again.text) == (200, "Success: LoRA adapter 'poet' added successfully.")


def test_an_adapter_that_is_not_there_is_not_found(rich: Endpoint) -> None:
    answer = rich.post(LOAD, lora_name="ghost", lora_path="/nowhere")
    assert (answer.status, answer.json["error"]) == (
        404,
        {
            "message": "Loading lora ghost failed: No adapter found for /nowhere",
            "type": "NotFoundError",
            "param": None,
            "code": 404,
        },
    )


@pytest.mark.parametrize(
    ("route", "body", "message"),
    [
        (LOAD, {"lora_name": "", "lora_path": ""}, "Both 'lora_name' and 'lora_path' must be provided."),
        (UNLOAD, {"lora_name": ""}, "'lora_name' needs to be provided to unload a LoRA adapter."),
    ],
)
def test_a_request_without_a_name_is_refused(rich: Endpoint, route: str, body: dict[str, str], message: str) -> None:
    answer = rich.post(route, **body)
    assert (answer.status, answer.json["error"]["message"], answer.json["error"]["type"]) == (
        400,
        message,
        "InvalidUserInput",
    )


def test_an_unloaded_adapter_is_unknown(loaded: Endpoint) -> None:
    gone = loaded.post(UNLOAD, lora_name="poet")
    assert (gone.status, gone.text) == (200, "Success: LoRA adapter 'poet' removed successfully.")
    again = loaded.post(UNLOAD, lora_name="poet")
    assert (again.status, again.json["error"]["message"]) == (404, "The lora adapter 'poet' cannot be found.")
    answer = loaded.complete("hello", model="poet", max_tokens=1)
    assert (answer.status, answer.json["error"]["message"]) == (
        404,
        f"The model `poet` does not exist. Valid aliases: {MODEL}.",
    )


def test_an_adapter_is_loaded_and_unloaded_by_another_vendors_routes_too(rich: Endpoint) -> None:
    come = rich.post("/adapters", name="guest", src=adapter_path())
    assert (come.status, come.text) == (200, "Adapter guest registered")
    gone = rich.send("DELETE", "/adapters/guest")
    assert (gone.status, gone.text) == (200, "Adapter guest unregistered")
    assert rich.send("DELETE", "/adapters/guest").status == 404


def _rows(seen: page.Page) -> list[dict[str, str]]:
    return [dict(label) for label in seen.labels("vllm:lora_requests_info")]
