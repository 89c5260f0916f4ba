"""Checked answers: counted where they break their schema, held where a larger model may answer instead."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.router.gateways import Json, gateway, posted, single, target, written
from tests.router.planes import Raw, events, run_story, whole

CHAT: Final = "/v1/chat/completions"
SCHEMA: Final = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
FORM: Final = {"type": "json_schema", "json_schema": {"name": "c", "schema": SCHEMA}}
QUESTION: Final[Json] = {"model": "chat", "messages": [{"role": "user", "content": "Where?"}], "max_tokens": 20}
GOOD: Final = '{"city":"Rome"}'
BAD: Final = '{"town":"Rome"}'


def answer(text: str, tokens: int = 7, prompt: int = 3) -> bytes:
    """A whole chat answer."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": prompt, "completion_tokens": tokens}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return whole(json.dumps({"choices": choices, "usage": usage}).encode())


def stream(*pieces: str) -> bytes:
    """A streamed one."""
    made: list[Json] = [{"choices": [{"index": 0, "delta": {"content": one}, "finish_reason": None}]} for one in pieces]
    made.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    made.append({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": len(pieces)}})
    return events(*(json.dumps(one, separators=(",", ":")).encode() for one in made))


def cascade(*names: str, check: str = "NotEmpty", **more: Any) -> Json:  # noqa: ANN401 - any JSON
    """A route by size."""
    settings = {"targets": [f"ns/{one}" for one in names], "check": check} | more
    return {"name": "chat", "strategy": "Cascade", "cascade": settings}


def bodies_of(engine: Raw) -> list[Json]:
    """The bodies that it got."""
    return [json.loads(one.partition(b"\r\n\r\n")[2]) for one in engine.seen]


def test_a_broken_form_is_passed_on_and_counted_by_target_and_revision(tmp_path: Path) -> None:
    async def story() -> None:
        replies = [answer(GOOD), answer(BAD), stream('{"to', 'wn":1}'), answer("plain")]
        async with Raw(*replies).listening() as engine:
            config = written(tmp_path, [target("a", engine.address)], [single("chat", "ns/a")])
            async with gateway(config, log=tmp_path / "log") as router:
                _, _, text = await posted(router, QUESTION | {"response_format": FORM}, CHAT)
                assert GOOD in json.loads(text)["choices"][0]["message"]["content"]
                _, _, text = await posted(router, QUESTION | {"response_format": FORM}, CHAT)
                assert json.loads(text)["choices"][0]["message"]["content"] == BAD
                _, _, text = await posted(router, QUESTION | {"response_format": FORM, "stream": True}, CHAT)
                assert text.endswith("data: [DONE]\n\n")
                await posted(router, QUESTION, CHAT)
                name = 'fairlead_router_structured_checks_total{model="chat",target="ns/a",revision="",result='
                assert await router.metric(name + '"valid"}') == 1
                assert await router.metric(name + '"schema"}') == 2
                named = 'fairlead_router_schema_checks_total{model="chat",schema="c",result='
                assert await router.metric(named + '"valid"}') == 1
                assert await router.metric(named + '"schema"}') == 2
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert [one.get("check") for one in lines] == ["valid", "schema", "schema", None]

    run_story(story())


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
def test_a_good_small_answer_is_given_and_a_bad_one_goes_on_to_the_larger_model(tmp_path: Path, streams: bool) -> None:
    (tmp_path / "key").write_text("secret")
    tenant = {"name": "shop", "keyFiles": [str(tmp_path / "key")], "requestsPerMinute": 100, "tokensPerMinute": 10_000}
    made = (lambda text: stream(text, "")) if streams else answer

    async def story() -> None:
        async with Raw(made(GOOD), made("I cannot help.")).listening() as small, Raw(made(BAD)).listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            config = written(tmp_path, targets, [cascade("s", "l", check="NoRefusal")], tenants=[tenant])
            async with gateway(config, log=tmp_path / "log") as router:
                body = QUESTION | {"stream": streams}
                _, headers, text = await posted(router, body, CHAT, authorization="Bearer secret")
                assert headers["x-fairlead-target"] == "ns/s"
                assert "x-fairlead-escalated" not in headers
                assert "city" in text
                _, headers, text = await posted(router, body, CHAT, authorization="Bearer secret")
                assert headers["x-fairlead-target"] == "ns/l"
                assert headers["x-fairlead-escalated"] == "refused; from=ns/s"
                assert int(headers["x-ratelimit-remaining-requests"]) == 98
                assert "town" in text
                assert "cannot" not in text
                held = 'fairlead_router_held_answers_total{model="chat",target="ns/s",result='
                assert await router.metric(held + '"passed",outcome="given"}') == 1
                assert await router.metric(held + '"refused",outcome="escalated"}') == 1
                wrote = 2 if streams else 7
                spent = 'fairlead_router_tenant_output_tokens_total{tenant="shop",model="chat"}'
                assert await router.metric(spent) == 3 * wrote
                assert await router.metric(spent.replace("output", "prompt")) == 9
                tokens = 'fairlead_router_output_tokens_total{model="chat",revision="",band="",lane="interactive",'
                by_target = [await router.metric(f'{tokens}target="ns/{name}"}}') for name in ("s", "l")]
                assert by_target == [2 * wrote, wrote], "an answer that was not given counts where it was written"
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert [one.get("escalated") for one in lines] == [None, "refused; from=ns/s"]

    run_story(story())


def test_beyond_its_share_the_small_answer_is_given(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[answer("")] * 4).listening() as small, Raw(*[answer(GOOD)] * 4).listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            async with gateway(written(tmp_path, targets, [cascade("s", "l", maxExtraShare=0.25)])) as router:
                found = [(await posted(router, QUESTION, CHAT))[1]["x-fairlead-target"] for _ in range(4)]
                assert found == ["ns/l", "ns/s", "ns/s", "ns/s"]

    run_story(story())


LARGE_FAILS: Final[Sequence[bytes | None]] = (None, whole(b'{"error":{"message":"broke"}}', 500), whole(b"{}", 400))


@pytest.mark.parametrize("failure", LARGE_FAILS, ids=["away", "broken", "refusing"])
def test_where_the_larger_model_fails_the_answer_at_hand_is_given(tmp_path: Path, failure: bytes | None) -> None:
    async def story() -> None:
        async with Raw(answer("I cannot help.")).listening() as small, Raw(*[failure] * 9).listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            config = written(tmp_path, targets, [cascade("s", "l", check="NoRefusal")])
            async with gateway(config, log=tmp_path / "log") as router:
                status, headers, text = await posted(router, QUESTION, CHAT)
                assert (status, headers["x-fairlead-target"]) == (200, "ns/s")
                assert "cannot help" in text
        (line,) = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert (line["status"], line["target"], line["output_tokens"]) == (200, "ns/s", 7)

    run_story(story())


def test_an_answer_too_large_to_hold_is_given_unchecked(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(answer("x" * (2**20 + 1))).listening() as small, Raw().listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            route = cascade("s", "l", check="Pattern", pattern="^[0-9]+$")
            async with gateway(written(tmp_path, targets, [route])) as router:
                status, headers, text = await posted(router, QUESTION, CHAT)
                assert (status, headers["x-fairlead-target"]) == (200, "ns/s")
                assert len(text) > 2**20
                held = 'fairlead_router_held_answers_total{model="chat",target="ns/s",result="unchecked",outcome='
                assert await router.metric(held + '"too_large"}') == 1

    run_story(story())


def test_a_small_stream_that_breaks_while_it_is_held_is_no_break_for_its_client(tmp_path: Path) -> None:
    async def story() -> None:
        half = stream("one", "two").partition(b"data: [DONE]")[0][:-3] + b"no chunk\r\n"
        async with Raw(half).listening() as small, Raw(stream("three")).listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            async with gateway(written(tmp_path, targets, [cascade("s", "l")])) as router:
                _, headers, text = await posted(router, QUESTION | {"stream": True}, CHAT)
                assert headers["x-fairlead-target"] == "ns/l"
                assert "one" not in text
                assert text.endswith("data: [DONE]\n\n")

    run_story(story())


def test_a_client_that_leaves_while_its_answer_is_held_ends_the_work(tmp_path: Path) -> None:
    async def story() -> None:
        half = stream("one", "two").partition(b"data: [DONE]")[0][:-6]
        async with Raw(half).listening() as small, Raw().listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            async with gateway(written(tmp_path, targets, [cascade("s", "l")])) as router:
                answering = asyncio.create_task(posted(router, QUESTION | {"stream": True}, CHAT))
                while not small.seen:
                    await asyncio.sleep(0.005)
                await asyncio.sleep(0.05)
                assert not answering.done()
                answering.cancel()
                while await router.metric('fairlead_router_client_aborts_total{stage="first_token"}') != 1:
                    await asyncio.sleep(0.005)
                assert large.seen == []

    run_story(story())


def test_an_invalid_answer_is_returned_to_its_model_once_with_what_was_wrong(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(answer(BAD), answer(GOOD), answer(BAD), answer(BAD)).listening() as engine:
            route = single("chat", "ns/a") | {"onInvalid": "Retry"}
            async with gateway(written(tmp_path, [target("a", engine.address)], [route])) as router:
                _, headers, text = await posted(router, QUESTION | {"response_format": FORM}, CHAT)
                assert "city" in text
                assert headers["x-fairlead-escalated"] == "schema; from=ns/a"
                _, _, text = await posted(router, QUESTION | {"response_format": FORM}, CHAT)
                assert "town" in text, "the second answer is given whatever it is"
            first, second, *_ = bodies_of(engine)
            assert first["messages"] == QUESTION["messages"]
            assert [one["role"] for one in second["messages"]] == ["user", "assistant", "user"]
            assert "city" in second["messages"][2]["content"]
            assert len(engine.seen) == 4

    run_story(story())


def test_a_schema_with_a_property_named_text_is_checked_like_any_other(tmp_path: Path) -> None:
    async def story() -> None:
        form = {"type": "json_schema", "json_schema": {"name": "c", "schema": {"type": "object", "required": ["text"]}}}
        async with Raw(answer("not json"), answer('{"text":"x"}')).listening() as engine:
            route = single("chat", "ns/a") | {"onInvalid": "Retry"}
            async with gateway(written(tmp_path, [target("a", engine.address)], [route])) as router:
                _, _, text = await posted(router, QUESTION | {"response_format": form}, CHAT)
                assert json.loads(text)["choices"][0]["message"]["content"] == '{"text":"x"}'
                assert len(engine.seen) == 2

    run_story(story())


def test_an_invalid_answer_goes_on_to_the_next_target_where_the_route_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(answer(BAD)).listening() as one, Raw(answer(GOOD)).listening() as other:
            targets = [target("a", one.address), target("b", other.address)]
            route = single("chat", "ns/a", "ns/b") | {"onInvalid": "Escalate"}
            async with gateway(written(tmp_path, targets, [route])) as router:
                _, headers, text = await posted(router, QUESTION | {"response_format": FORM}, CHAT)
                assert headers["x-fairlead-target"] == "ns/b"
                assert "city" in text

    run_story(story())


def test_a_confidence_check_requests_the_log_probabilities_that_it_needs(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(answer(GOOD)).listening() as small, Raw(answer(BAD)).listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            route = cascade("s", "l", check="Confidence", minConfidence=0.7)
            async with gateway(written(tmp_path, targets, [route])) as router:
                _, headers, _ = await posted(router, QUESTION, CHAT)
                assert headers["x-fairlead-escalated"] == "no_probabilities; from=ns/s"
            assert bodies_of(small)[0]["logprobs"] is True
            assert "logprobs" not in bodies_of(large)[0]

    run_story(story())


@pytest.mark.parametrize(
    ("path", "given", "sent"),
    [
        (CHAT, None, True),
        (CHAT, False, True),
        (CHAT, 0, True),
        (CHAT, True, True),
        ("/v1/completions", None, 1),
        ("/v1/completions", False, 1),
        ("/v1/completions", 0, 0),
        ("/v1/completions", 5, 5),
    ],
)
def test_a_client_that_wants_no_probabilities_is_judged_by_them_all_the_same(
    tmp_path: Path, path: str, given: object, sent: object
) -> None:
    async def story() -> None:
        async with Raw(answer(GOOD)).listening() as small, Raw(answer(BAD)).listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            route = cascade("s", "l", check="Confidence", minConfidence=0.7)
            question = QUESTION | {"prompt": 'What is "logprobs"?', "logprobs": given}
            async with gateway(written(tmp_path, targets, [route])) as router:
                assert (await posted(router, question, path))[0] == 200
            wanted, other = bodies_of(small)[0]["logprobs"], bodies_of(large)[0]["logprobs"]
            assert (wanted, type(wanted), other) == (sent, type(sent), given)

    run_story(story())


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses"])
def test_an_answer_that_cannot_have_probabilities_is_given_and_paid_for_once(tmp_path: Path, path: str) -> None:
    async def story() -> None:
        async with Raw(answer(GOOD)).listening() as small, Raw(answer(BAD)).listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            route = cascade("s", "l", check="Confidence", minConfidence=0.7)
            async with gateway(written(tmp_path, targets, [route])) as router:
                status, headers, _ = await posted(router, QUESTION | {"input": "Where?"}, path)
                assert (status, "x-fairlead-escalated" in headers) == (200, False)
            assert len(bodies_of(small)) == 1
            assert "logprobs" not in bodies_of(small)[0]
            assert bodies_of(large) == []

    run_story(story())
