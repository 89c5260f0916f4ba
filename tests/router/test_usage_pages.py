"""Who reads which usage: a tenant its own, in OpenAI's format; cost tools everybody's, as a table."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.router import planes
from tests.router.gateways import gateway, posted, single, written
from tests.router.planes import HOST, PROMPT, Raw, free_port, plane, run_story, whole
from tests.router.test_costs import ANSWER, COST, PRICES, bearer, got, tenants
from tests.router.test_engine_requests import router_before
from tests.router.test_external_apis import outside
from tests.router.test_falling_back import BROKEN, EVERY, FULL


def test_a_tenant_reads_only_its_own_usage(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 3).listening() as api:
            config = written(
                tmp_path,
                [],
                [single("chat", "external/big")],
                [outside(api.address, tmp_path, prices=PRICES)],
                tenants=tenants(tmp_path),
            )
            async with gateway(config) as router:
                for name in ("shop", "office", "shop"):
                    assert (await posted(router, PROMPT, **bearer(name)))[0] == 200
                _, page = await got(router, "/v1/usage", bearer())
                (bucket,) = page["data"]
                assert bucket["results"] == [
                    {
                        "object": "organization.usage.completions.result",
                        "model": "chat",
                        "num_model_requests": 2,
                        "input_tokens": 1000,
                        "input_cached_tokens": 0,
                        "output_tokens": 500,
                        "cost": 2 * COST,
                    }
                ]
                assert (await got(router, "/v1/usage?start_time=0&end_time=9", bearer()))[1]["data"] == []
                assert (await got(router, "/v1/usage?start_time=today", bearer()))[0] == 400
                assert (await got(router, "/v1/usage?end_time=soon", bearer()))[0] == 400
                assert (await got(router, "/v1/usage", {"authorization": "Bearer sk-else"}))[0] == 401

    run_story(story())


def test_a_tenants_page_comes_once_after_its_whole_request_and_by_two_methods_alone(tmp_path: Path) -> None:
    head = b"GET /v1/usage HTTP/1.1\r\nHost: x\r\n%bContent-Length: 2\r\n\r\n"
    empty = b'{"object": "page", "data": [], "has_more": false, "next_page": null}'

    async def story() -> None:
        async with plane(planes.written(tmp_path, ["127.0.0.22:1"])) as router:
            pieces = (head % b"", b"{}", head % b"Connection: close\r\n", b"{}")
            answer = await planes.exchange_bytes(router, *pieces, pause=0.05)
            assert (answer.count(b"HTTP/1.1 200 OK"), answer.count(empty)) == (2, 2)
            async with router.session.head(router.url + "/v1/usage") as page:
                assert (page.status, page.headers["content-length"]) == (200, str(len(empty)))
            async with router.session.delete(router.url + "/v1/usage") as page:
                assert (page.status, page.headers["allow"]) == (405, "GET, HEAD")

    run_story(story())


def test_cost_tools_read_everybodys_usage_as_a_table_and_tenants_do_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 3).listening() as api:
            apis = [outside(api.address, tmp_path, prices=PRICES)]
            config = written(tmp_path, [], [single("chat", "external/big")], apis, tenants=tenants(tmp_path))
            config.write_text(config.read_text().replace('"test"', '"InferenceGateway ns/company"'))
            async with gateway(config) as router:
                for name in ("shop", "office", "shop"):
                    assert (await posted(router, PROMPT, **bearer(name)))[0] == 200
                page = router.pages + "/fairlead/v1/usage"
                async with router.session.get(page) as answer:
                    rows = await answer.json()
                async with router.session.get(page, params={"format": "csv"}) as answer:
                    assert answer.content_type == "text/csv"
                    table = list(csv.DictReader(io.StringIO(await answer.text())))
                spent = {one["SubAccountId"]: (one["BilledCost"], one["x_Requests"]) for one in rows}
                assert spent == {"shop": (2 * COST, 2), "office": (COST, 1)}
                assert {one["BillingAccountId"] for one in rows} == {"ns/company"}
                assert [float(one["BilledCost"]) for one in table] == [one["BilledCost"] for one in rows]
                for query, status in (("?start_time=0&end_time=9", 200), ("?end_time=soon", 400), ("?format=xml", 400)):
                    async with router.session.get(page + query) as answer:
                        assert answer.status == status
                        assert (await answer.text() == "[]") == (status == 200)
                assert (await got(router, "/fairlead/v1/usage", bearer()))[0] == 404

    run_story(story())


@pytest.mark.parametrize("answer", [BROKEN, FULL, whole(b"{}", 400), None], ids=["broken", "full", "refused", "gone"])
def test_a_prompt_that_no_model_read_is_none_of_the_tokens_that_were_used(tmp_path: Path, answer: bytes | None) -> None:
    async def story() -> None:
        async with Raw(*[answer or b""] * 3).listening() as small, Raw(ANSWER).listening() as api:
            first = small.address if answer is not None else f"{HOST}:{free_port()}"
            apis = [
                outside(first, tmp_path, prices=PRICES, name="external/small"),
                outside(api.address, tmp_path, prices=PRICES),
            ]
            routes = [single("chat", "external/small", "external/big", reasons=EVERY)]
            config = written(tmp_path, [], routes, apis, tenants=tenants(tmp_path))
            async with gateway(config) as router:
                status, _, _ = await posted(router, PROMPT, **bearer())
                _, page = await got(router, "/v1/usage", bearer())
                (result,) = page["data"][0]["results"]
                used = (result["num_model_requests"], result["input_tokens"], result["output_tokens"])
                assert (status, used) == ((400, (0, 0, 0)) if answer == whole(b"{}", 400) else (200, (1, 500, 250)))

    run_story(story())


def test_a_prompt_that_is_only_counted_is_none_of_the_tokens_that_were_used(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(whole(b'{"count": 3}'), ANSWER).listening() as engine:
            config = planes.written(tmp_path, [engine.address])
            config.write_text(json.dumps(json.loads(config.read_text()) | {"pricePerHour": "3.6"}))
            async with plane(config) as router:
                await router.until("routable")
                assert (await router.complete(PROMPT, "/tokenize"))[0] == 200
                assert (await router.complete(PROMPT))[0] == 200
                _, page = await got(router, "/v1/usage", {})
                ((result,),) = (bucket["results"] for bucket in page["data"])
                assert (result["num_model_requests"], result["input_tokens"], result["output_tokens"]) == (2, 500, 250)

    run_story(story())


def test_no_page_breaks_at_numbers_and_nesting_without_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    far, deep = "9" * 5000, '{"task": "one", "success": true, "x": ' + "[" * 3000 + "]" * 3000 + "}"

    async def story() -> None:
        async with router_before(tmp_path, Raw()) as router:
            for page in (
                f"{router.url}/v1/usage?start_time={far}",
                f"{router.url}/v1/usage?end_time={far}",
                f"{router.pages}/fairlead/v1/usage?start_time={far}",
                f"{router.pages}/fairlead/v1/samples?after={far}",
            ):
                async with router.session.get(page) as answer:
                    assert answer.status == 200
            async with router.session.post(router.url + "/fairlead/v1/outcomes", data=deep) as answer:
                assert (answer.status, "the report:" in await answer.text()) == (400, True)

    run_story(story())
    assert "bug of the router" not in caplog.text


def test_a_model_that_only_a_client_names_is_kept_no_longer_than_a_name(tmp_path: Path) -> None:
    """A router that lists no models passes on any, and some engines answer to all: each name has a row of its own."""

    async def story() -> None:
        async with Raw(ANSWER).listening() as engine:
            config = planes.written(tmp_path, [engine.address], models=[])
            config.write_text(json.dumps(json.loads(config.read_text()) | {"pricePerHour": "3.6"}))
            async with plane(config) as router:
                await router.until("routable")
                assert (await router.complete(PROMPT | {"model": "m" * 1_000_000}))[0] == 200
                _, page = await got(router, "/v1/usage", {})
                ((result,),) = (bucket["results"] for bucket in page["data"])
                assert result["model"] == "m" * 256

    run_story(story())
