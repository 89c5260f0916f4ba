"""What a request without a maximum of output tokens reserves, and what it pays if nobody gets its answer."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.router import priced_api
from tests.router.gateways import gateway, posted, single, written
from tests.router.planes import PROMPT, Raw, run_story, whole
from tests.router.test_costs import ANSWER, PRICES, bearer, budget, tenants
from tests.router.test_external_apis import outside
from tests.router.test_falling_back import EVERY


class Silent(Raw):
    """An API that gets requests and answers none, as it does while it writes a long reply in one piece."""

    async def _answered(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,  # noqa: ARG002 - nothing is written
    ) -> bool:
        self.seen.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.read()
        return False


@pytest.mark.parametrize(
    ("prompt", "reserved"),
    [
        ("hi", (2 * 2 + 1025 * 8) / 1e6),
        (["hi"] * 8, (8 * 3 * 2 + 8 * 1025 * 8) / 1e6),
    ],
)
def test_a_client_that_leaves_an_external_api_pays_at_most_what_was_reserved(
    tmp_path: Path, prompt: object, reserved: float
) -> None:
    """Nobody sees how much of a whole reply was written, and the request names no maximum."""

    async def story() -> None:
        async with Silent().listening() as api:
            config = priced_api.before(api.address, tmp_path, "100")
            async with gateway(config) as router:
                leaving = asyncio.ensure_future(posted(router, {"model": "chat", "prompt": prompt}, **bearer()))
                while not api.seen:
                    await asyncio.sleep(0.01)
                leaving.cancel()
                charged = 0.0
                while not charged:
                    await asyncio.sleep(0.01)
                    charged = (await router.page())["tenants"]["shop"]["spent"]
                assert 1024 * 8 / 1e6 < charged <= reserved

    run_story(story())


@pytest.mark.parametrize("counts", [True, False])
def test_a_whole_answer_that_its_api_does_not_count_pays_what_was_reserved(tmp_path: Path, *, counts: bool) -> None:
    """It paid for its prompt alone, however long it was."""
    usage = b',"usage":{"prompt_tokens":3,"completion_tokens":10}' * counts

    async def story() -> None:
        answer = whole(b'{"choices":[{"text":"a","finish_reason":"stop"}]%b}' % usage)
        async with Raw(answer).listening() as api:
            config = priced_api.before(api.address, tmp_path, "100")
            async with gateway(config) as router:
                assert (await posted(router, PROMPT | {"max_tokens": 1000}, **bearer()))[0] == 200
                charged = (await router.page())["tenants"]["shop"]["spent"]
                assert int(charged * 1e6 / 8) == (10 if counts else 1000)

    run_story(story())


def test_without_a_maximum_the_usual_length_is_reserved_for_each_answer(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as api:
            config = priced_api.before(api.address, tmp_path, "0.02")
            async with gateway(config) as router:
                status, _, text = await posted(router, PROMPT | {"n": 3}, **bearer())
                assert (status, json.loads(text)["error"]["code"]) == (429, "budget_spent")
                assert (await posted(router, PROMPT | {"n": 2}, **bearer()))[0] == 200

    run_story(story())


def test_replies_that_their_limit_ended_lower_no_reservation(tmp_path: Path) -> None:
    """Such as those of one token that classify: other replies of the same model are long."""

    def wrote(tokens: int) -> bytes:
        usage = b'{"prompt_tokens":1,"completion_tokens":%d}' % tokens
        return whole(b'{"choices":[{"text":"a","finish_reason":"stop"}],"usage":%b}' % usage)

    async def story() -> None:
        async with Raw(*[wrote(1)] * 9, *[wrote(5)] * 9, ANSWER).listening() as api:
            config = priced_api.before(api.address, tmp_path, "0.03")
            async with gateway(config) as router:
                for _ in range(9):
                    assert (await posted(router, PROMPT | {"max_tokens": 1}, **bearer()))[0] == 200
                status, _, text = await posted(router, PROMPT | {"n": 4}, **bearer())
                assert (status, json.loads(text)["error"]["code"]) == (429, "budget_spent")
                for _ in range(9):
                    assert (await posted(router, PROMPT | {"max_tokens": 100}, **bearer()))[0] == 200
                assert (await posted(router, PROMPT | {"n": 4}, **bearer()))[0] == 200, "these ended by themselves"

    run_story(story())


def test_requests_without_output_or_usage_lower_no_reservation(tmp_path: Path) -> None:
    """An API may count the tokens of embeddings, which have no output, or give no usage at all."""
    counted = whole(b'{"data":[],"usage":{"prompt_tokens":2,"total_tokens":2}}')
    uncounted = whole(b'{"choices":[{"text":"a","finish_reason":"stop"}]}')

    async def story() -> None:
        async with Raw(*[counted] * 9, *[uncounted] * 9).listening() as api:
            config = priced_api.before(api.address, tmp_path, "0.03")
            async with gateway(config) as router:
                for _ in range(9):
                    body = {"model": "chat", "input": "hi"}
                    assert (await posted(router, body, "/v1/embeddings", **bearer()))[0] == 200
                for _ in range(9):
                    assert (await posted(router, PROMPT | {"max_tokens": 1}, **bearer()))[0] == 200
                status, _, text = await posted(router, PROMPT | {"n": 4}, **bearer())
                assert (status, json.loads(text)["error"]["code"]) == (429, "budget_spent")

    run_story(story())


class Dying(Silent):
    """An API behind a proxy that gives up in the middle of a long request."""

    async def _answered(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,  # noqa: ARG002 - nothing is written
    ) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        self.seen.append(head)
        return False


def test_a_request_that_an_api_took_and_lost_is_paid_and_not_sent_there_again(tmp_path: Path) -> None:
    """It has computed at least a part, bills that, and would compute and bill all of it again."""

    async def story() -> None:
        async with Dying().listening() as api:
            config = priced_api.before(api.address, tmp_path, "100")
            async with gateway(config) as router:
                status, _, text = await posted(router, PROMPT | {"max_tokens": 900}, **bearer())
                assert (status, json.loads(text)["error"]["code"]) == (502, "replica_unreachable")
                assert len(api.seen) == 1
                charged = (await router.page())["tenants"]["shop"]["spent"]
                assert 900 <= charged * 1e6 / 8 < 902
                assert await router.metric('fairlead_router_attempts_failed_total{ending="cut"}') == 1

    run_story(story())


def test_another_target_answers_for_an_api_that_lost_a_request(tmp_path: Path) -> None:
    async def story() -> None:
        async with Dying().listening() as api, Raw(ANSWER).listening() as other:
            route = single("chat", "external/big", "external/spare", reasons=EVERY)
            spare = outside(other.address, tmp_path, prices=PRICES) | {"name": "external/spare"}
            config = written(
                tmp_path,
                [],
                [route],
                [outside(api.address, tmp_path, prices=PRICES), spare],
                tenants=tenants(tmp_path, shop=budget("100")),
            )
            async with gateway(config) as router:
                status, headers, _ = await posted(router, PROMPT | {"max_tokens": 900}, **bearer())
                assert (status, headers["x-fairlead-target"]) == (200, "external/spare")
                assert (await router.page())["tenants"]["shop"]["spent"] * 1e6 / 8 > 900, "both are paid"

    run_story(story())


@pytest.mark.parametrize(("member", "replies"), [("n", 4), ("best_of", 4)])
def test_every_reply_that_a_model_writes_is_reserved_whether_or_not_its_client_gets_it(
    tmp_path: Path, member: str, replies: int
) -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as api:
            config = priced_api.before(api.address, tmp_path, str(3.5 * 1000 * 8 / 1e6))
            async with gateway(config) as router:
                body = PROMPT | {"max_tokens": 1000, member: replies}
                status, _, text = await posted(router, body, **bearer())
                assert (status, json.loads(text)["error"]["code"]) == (429, "budget_spent")

    run_story(story())
