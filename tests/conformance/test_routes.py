"""Routes beside generation: health, models, versions, and unknown paths."""

import pytest

from tests.conformance import bodies
from tests.conformance.endpoint import MODEL, Endpoint
from tests.conformance.servers import CONTEXT


@pytest.mark.parametrize(("method", "path"), [("GET", "/health"), ("GET", "/ping"), ("POST", "/ping")])
def test_health_is_an_empty_200(plain: Endpoint, method: str, path: str) -> None:
    answer = plain.send(method, path)
    assert (answer.status, answer.text) == (200, "")


def test_health_has_no_head(plain: Endpoint) -> None:
    assert plain.send("HEAD", "/health").status == 405


def test_the_version_is_vllms(plain: Endpoint) -> None:
    assert plain.get("/version").json == {"version": "0.32.0"}


def test_load_is_not_counted_unless_enabled(plain: Endpoint) -> None:
    assert plain.get("/load").json == {"server_load": 0}


def test_an_engine_without_events_has_no_sources(plain: Endpoint) -> None:
    assert plain.get("/kv_event_sources").json == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", f"/v1/models/{MODEL}"),
        ("POST", "/v1/embeddings"),
        ("POST", "/pooling"),
        ("POST", "/score"),
        ("POST", "/rerank"),
        ("POST", "/classify"),
        ("POST", "/v1/load_lora_adapter"),
        ("POST", "/v1/unload_lora_adapter"),
        ("POST", "/sleep"),
        ("POST", "/wake_up"),
        ("GET", "/is_sleeping"),
        ("POST", "/reset_prefix_cache"),
        ("GET", "/server_info"),
    ],
)
def test_what_is_not_served_is_not_found(plain: Endpoint, method: str, path: str) -> None:
    answer = plain.send(method, path)
    assert (answer.status, answer.json) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/completions"), ("PUT", "/v1/completions"), ("GET", "/tokenize"), ("POST", "/health")],
)
def test_an_unsupported_method_is_answered_with_405(plain: Endpoint, method: str, path: str) -> None:
    answer = plain.send(method, path)
    assert (answer.status, answer.json) == (405, {"detail": "Method Not Allowed"})


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_routes_describe_themselves(plain: Endpoint, path: str) -> None:
    assert plain.get(path).status == (404 if plain.differs("a description of its routes") else 200)


def test_browsers_get_the_vary_and_allow_headers(plain: Endpoint) -> None:
    varies, allows = plain.get("/health").headers.get("vary"), plain.get("/v1/completions").headers.get("allow")
    assert (varies, allows) == ((None, None) if plain.differs("headers for browsers") else ("Origin", "POST"))


def test_the_model_has_a_card(plain: Endpoint) -> None:
    listed = plain.get("/v1/models").json
    (card,) = listed["data"]
    assert listed["object"] == "list"
    assert tuple(card) == bodies.CARD
    assert (card["id"], card["object"], card["owned_by"], card["parent"]) == (MODEL, "model", "vllm", None)
    assert card["max_model_len"] == CONTEXT
    (permission,) = card["permission"]
    assert permission["id"].startswith("modelperm-")
    assert {name: value for name, value in permission.items() if name not in ("id", "created")} == {
        "object": "model_permission",
        "allow_create_engine": False,
        "allow_sampling": True,
        "allow_logprobs": True,
        "allow_search_indices": False,
        "allow_view": True,
        "allow_fine_tuning": False,
        "organization": "*",
        "group": None,
        "is_blocking": False,
    }


def test_what_is_only_rendered_is_for_those_who_scale_out(plain: Endpoint) -> None:
    answer = plain.post("/v1/completions/render", model=MODEL, prompt="hello")
    assert (answer.status, answer.json["error"]["type"]) == (403, "PermissionDeniedError")


def test_an_invocation_is_a_completion(plain: Endpoint) -> None:
    answer = plain.post("/invocations", model=MODEL, prompt="hello", max_tokens=2, temperature=0)
    assert (answer.status, tuple(answer.json)) == (200, bodies.COMPLETION)
