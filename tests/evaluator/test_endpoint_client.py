"""Requests to an endpoint: retried where that helps, given up with its name where not."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead.evaluating import item_file
from fairlead.evaluating.journal import RequestSettings
from fairlead.evaluating.replies import ItemReply
from fairlead.evaluating.scorers import ScorerSettings
from fairlead.evaluator import endpoint_client
from fairlead.evaluator.endpoint_client import EndpointAddress, EndpointClient, EndpointUnusable
from tests.evaluator.pretended_endpoint import PretendedEndpoint
from tests.router.planes import run_story
from tests.router.test_tls import certified, secure_engine

ITEM = item_file.read([b'{"input": "hello", "target": "HELLO"}'], ScorerSettings())[0][0]

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def endpoint() -> Iterator[PretendedEndpoint]:
    with PretendedEndpoint() as one:
        yield one


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_client, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(endpoint_client, "LONGEST_WAIT_S", 0.01)


def answer(url: str, model: str = "", key: str = "", time_out_s: float = 5.0) -> ItemReply:
    return asyncio.run(answered(url, model, key, time_out_s))


async def answered(url: str, model: str = "", key: str = "", time_out_s: float = 5.0) -> ItemReply:
    address = EndpointAddress(name="candidate", url=url, model=model, key=key, time_out_s=time_out_s)
    async with endpoint_client.opened(4) as session:
        client = EndpointClient(session, address, RequestSettings(), now=lambda: NOON)
        await client.find_model()
        return await client.answer(ITEM)


def test_the_only_model_is_taken_and_the_lane_is_the_batch_lane(endpoint: PretendedEndpoint) -> None:
    assert answer(f"{endpoint.url}/v1/") == ItemReply(text="HELLO", tokens=5)
    assert endpoint.lanes == {"batch"}


def test_requests_to_a_busy_endpoint_are_retried_as_its_retry_after_header_states(endpoint: PretendedEndpoint) -> None:
    endpoint.refusals = [(429, "0"), (503, ""), (500, "soon")]
    assert answer(endpoint.url).text == "HELLO"
    assert endpoint.seen == {"hello": 1}


@pytest.mark.parametrize("status", [408, 429, 500, 507, 522, 529])
def test_whatever_a_busy_endpoint_answers_is_retried(endpoint: PretendedEndpoint, status: int) -> None:
    endpoint.refusals = [(status, "0")]
    assert answer(endpoint.url).text == "HELLO"


def test_an_endpoint_that_stays_busy_is_an_error_of_the_item_with_its_message(endpoint: PretendedEndpoint) -> None:
    endpoint.broken = True
    assert answer(endpoint.url) == ItemReply(error="500 no")


def test_an_invalid_request_is_not_retried(endpoint: PretendedEndpoint) -> None:
    endpoint.refusals = [(400, "")]
    assert answer(endpoint.url) == ItemReply(error="400 later")


def test_a_cut_connection_is_an_error_of_the_item(endpoint: PretendedEndpoint) -> None:
    endpoint.cut = True
    reply = answer(endpoint.url)
    assert (reply.unreachable, reply.error) == (False, "ServerDisconnectedError: Server disconnected")


@pytest.mark.parametrize(
    ("models", "model", "because"),
    [
        (("a", "b"), "", "it serves a, b; choose with --candidate-model"),
        ((), "", "it serves no model; choose with --candidate-model"),
    ],
)
def test_which_model_must_be_plain(
    endpoint: PretendedEndpoint, models: tuple[str, ...], model: str, because: str
) -> None:
    endpoint.models = models
    with pytest.raises(EndpointUnusable) as refused:
        answer(endpoint.url, model)
    assert str(refused.value).endswith(because)
    assert answer(endpoint.url, "a").text == "HELLO"


@pytest.mark.parametrize("listed", ["", "<html>", '{"models": []}'])
def test_a_chosen_model_answers_where_no_models_are_listed(endpoint: PretendedEndpoint, listed: str) -> None:
    """Such an API was refused: it has no such model or path, check --candidate-key-env and --candidate-model."""
    endpoint.list_text = listed
    assert answer(endpoint.url, "chat").text == "HELLO"
    with pytest.raises(EndpointUnusable):
        answer(endpoint.url)
    endpoint.refusals = [(404, "")]
    with pytest.raises(EndpointUnusable, match="it answers 404: it has no such model or path"):
        answer(endpoint.url, "chat")


def test_a_wrong_key_ends_the_run_and_the_right_one_does_not(endpoint: PretendedEndpoint) -> None:
    endpoint.key = "secret"
    with pytest.raises(EndpointUnusable) as refused:
        answer(endpoint.url, key="wrong")
    assert "it answers 401: it wants another key; check --candidate-key-env" in str(refused.value)
    assert answer(endpoint.url, key="secret").text == "HELLO"


def test_an_address_without_a_listener_ends_the_run_with_what_to_check() -> None:
    with pytest.raises(EndpointUnusable) as refused:
        answer("http://127.0.0.1:9")
    assert str(refused.value).startswith("candidate http://127.0.0.1:9: it does not answer: Connection refused")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("7", 7.0),
        ("Sat, 28 Nov 2026 12:00:20 GMT", 20.0),
        ("Sat, 28 Nov 2026 13:00:00 GMT", 30.0),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0.1),
        ("soon", 0.5),
    ],
)
def test_a_retry_after_may_be_a_date_and_is_followed_within_bounds(
    written: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_client, "LONGEST_WAIT_S", 30.0)
    assert endpoint_client.retry_delay(written, NOON, 0.5) == seconds


def test_a_certificate_of_a_private_authority_is_named_with_what_to_do(tmp_path: Path) -> None:
    async def story() -> None:
        async with secure_engine(certified(tmp_path, 1)) as address:
            with pytest.raises(EndpointUnusable, match=r"self-signed certificate; if a CA of .* SSL_CERT_FILE names"):
                await answered(f"https://{address}")

    run_story(story())


def test_an_answer_that_takes_too_long_is_an_error(endpoint: PretendedEndpoint) -> None:
    assert answer(endpoint.url, time_out_s=0.0005).error.startswith("TimeoutError")
