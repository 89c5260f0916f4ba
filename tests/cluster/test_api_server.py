"""API server errors are classified by who can fix them; nothing is retried."""

import asyncio
import json

import pytest

from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.api_server import (
    ApiError,
    ApiLimits,
    ApiServer,
    Conflict,
    NotFound,
    RequestRefused,
    Throttled,
    Unreachable,
)
from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.credentials import Credentials
from fairlead.cluster.fencing import FencedApiServer
from fairlead.cluster.kinds import CONFIG_MAP, LEASE
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import note, run

STATUS = '{"kind": "Status", "reason": "%s", "message": "the server\'s words"}'


@pytest.mark.parametrize(
    ("fault", "kind", "text", "retry_after"),
    [
        (Fault(code=400, body=STATUS % "BadRequest"), RequestRefused, "400: the server's words", None),
        (Fault(code=401, body=STATUS % "Unauthorized"), Unreachable, "401: the server's words", None),
        (Fault(code=403, body=STATUS % "Forbidden"), RequestRefused, "403: the server's words", None),
        (Fault(code=404, body=STATUS % "NotFound"), NotFound, "404: the server's words", None),
        (Fault(code=409, body=STATUS % "Conflict"), Conflict, "409: the server's words", None),
        (Fault(code=413, body="too large\nby far"), RequestRefused, "413: too large", None),
        (Fault(code=422, body=STATUS % "Invalid"), RequestRefused, "422: the server's words", None),
        (Fault(code=429, headers={"Retry-After": "7"}), Throttled, "429: ", 7.0),
        (Fault(code=429, headers={"Retry-After": "soon"}), Throttled, "429: ", 1.0),
        (Fault(code=500, body="[]"), Unreachable, "500: []", None),
        (Fault(code=503, headers={"Retry-After": "3"}), Unreachable, "503: ", 3.0),
        (Fault(code=302, headers={"Location": "http://127.0.0.1:1/"}), Unreachable, "302: ", None),
        (Fault(code=200, body='{"cut": '), Unreachable, "no answer: JSONDecodeError", None),
        (Fault(), Unreachable, "no answer: ServerDisconnectedError", None),
        (Fault(code=200, delay=1.0), Unreachable, "no answer: TimeoutError", None),
    ],
    ids=lambda each: str(each.code) if isinstance(each, Fault) else "",
)
def test_an_answer_is_an_error_of_its_kind(
    fault: Fault, kind: type[ApiError], text: str, retry_after: float | None
) -> None:
    async def story() -> None:
        fake, counted = FakeApi(), list[tuple[str, str, int]]()
        fake.fail(fault, "patch")
        async with fake.connected() as connection:
            api = ApiServer(
                connection, lambda *given: counted.append(given[:3]), ApiLimits(write_s=0.1 if fault.delay else 5)
            )
            with pytest.raises(ApiError) as raised:
                await api.apply(note("a"))
        assert (type(raised.value), raised.value.retry_after) == (kind, retry_after)
        assert str(raised.value).startswith(f"patch configmaps serving/a: {text}")
        assert counted == [("patch", "configmaps", 0 if "no answer" in text else fault.code)]
        assert fake.count("patch") == 1, "whoever asks tries again, nobody else"

    run(story())


def test_a_write_waits_for_longer_than_a_policys_webhook_may_take() -> None:
    """The operator gave up first, by a hair, and neither the webhook's name nor its failure ever showed."""
    for verb in ("create", "patch", "update", "delete"):
        assert ApiLimits().seconds(ApiRequest(verb=verb, resource=CONFIG_MAP)) > 30.0
        assert ApiLimits().seconds(ApiRequest(verb=verb, resource=LEASE)) == 10.0
    words = 'failed calling webhook "policy.example.com": context deadline exceeded'

    async def story() -> None:
        fake = FakeApi()
        for verb in ("delete", "patch", "get"):
            fake.fail(Fault(code=500, body=words, delay=0.3), verb)
        async with fake.connected() as connection:
            api = ApiServer(connection, limits=ApiLimits(request_s=0.1, write_s=30.0))
            with pytest.raises(Unreachable, match="failed calling webhook") as answered:
                await api.remove(note("a"), uid="u")
            with pytest.raises(RequestRefused, match="failed calling webhook"):
                await api.apply(note("a"))
            with pytest.raises(Unreachable, match="TimeoutError") as hung:
                await api.read(CONFIG_MAP, "default", "a")
        assert (answered.value.timed_out, hung.value.timed_out) == (False, True)

    run(story())


def test_an_answer_lost_after_the_write_finds_it_done_at_the_next_try() -> None:
    """P12: the same apply again changes nothing."""

    async def story() -> None:
        fake = FakeApi()
        fake.fail(Fault(carried_out=True), "patch")
        async with fake.connected() as connection:
            api = ApiServer(connection)
            with pytest.raises(Unreachable):
                await api.apply(note("a"))
            version = fake.objects.version
            await api.apply(note("a"))
            assert fake.objects.version == version

    run(story())


def test_only_so_many_writes_are_in_flight_and_the_lease_need_not_wait() -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.fail(Fault(code=500, delay=0.5), "patch", times=6)
        async with fake.connected() as connection:
            api = ApiServer(connection, limits=ApiLimits(writes=2))
            writing = [asyncio.create_task(api.apply(note(f"n{number}"))) for number in range(6)]
            await asyncio.sleep(0.02)
            lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
            await api.create(lease | {"metadata": {"name": "lead", "namespace": "serving"}})
            assert (fake.count("patch"), fake.count("create")) == (2, 1)
            assert await api.read(LEASE, "serving", "lead") is not None
            ended = await asyncio.gather(*writing, return_exceptions=True)
        assert [type(one) for one in ended] == [Unreachable] * 6

    run(story())


def test_only_so_many_objects_are_read_at_once_and_the_lease_need_not_wait() -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.fail(Fault(code=500, delay=0.5), "get", times=7)
        async with fake.connected() as connection:
            api = ApiServer(connection, limits=ApiLimits(reads=2))
            reading = [asyncio.create_task(api.read(CONFIG_MAP, "serving", f"n{number}")) for number in range(6)]
            await asyncio.sleep(0.02)
            assert fake.count("get") == 2
            await api.apply(note("written"))
            lease = asyncio.create_task(api.read(LEASE, "serving", "lead"))
            await asyncio.sleep(0.02)
            assert (fake.count("get"), fake.count("patch")) == (3, 1)
            ended = await asyncio.gather(*reading, lease, return_exceptions=True)
        assert [type(one) for one in ended] == [Unreachable] * 7

    run(story())


def test_a_server_that_is_not_there_is_unreachable() -> None:
    async def story() -> None:
        nowhere = Credentials(server="http://127.0.0.1:1")

        async def same() -> Credentials:
            return nowhere

        async with ApiConnection(same, nowhere) as connection:
            with pytest.raises(Unreachable, match="list configmaps: no answer: ClientConnectorError"):
                await ApiServer(connection).listing(CONFIG_MAP)

    run(story())


def test_a_replace_without_the_version_that_was_read_is_never_sent() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            with pytest.raises(ValueError, match="needs the resourceVersion"):
                await ApiServer(connection).replace(note("a"))
        assert fake.requests == []

    run(story())


def test_a_grace_period_is_sent_only_where_one_is_stated() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            api = FencedApiServer(ApiServer(connection), lambda: True)
            for name, grace in (("a", None), ("b", 30)):
                made = await api.create(note(name))
                assert await api.remove(made, uid=made["metadata"]["uid"], grace_seconds=grace)
        assert fake.graces == [30]

    run(story())


@pytest.mark.parametrize(
    ("cause", "ends"), [("NamespaceTerminating", True), ("FieldManagerConflict", False)], ids=["ends", "lives"]
)
def test_a_namespace_that_ends_is_no_missing_right(cause: str, ends: bool) -> None:
    async def story() -> None:
        words = 'configmaps "a" is forbidden: User "fairlead" cannot patch resource "configmaps" in API group ""'
        body = {"reason": "Forbidden", "message": words, "details": {"causes": [{"reason": cause}]}}
        fake = FakeApi()
        fake.fail(Fault(code=403, body=json.dumps(body)), "patch")
        async with fake.connected() as connection:
            with pytest.raises(RequestRefused) as raised:
                await ApiServer(connection).apply(note("a"))
        error = raised.value
        assert (error.namespace_ends, error.lacks_right, error.reason) == (ends, not ends, "Forbidden")
        assert (error.verb, error.resource, error.name) == ("patch", CONFIG_MAP, "a")

    run(story())
