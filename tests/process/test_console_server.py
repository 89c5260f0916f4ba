"""The console's port: Kubernetes decides who reads what, and nobody can change anything."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import aiohttp
import pytest

from fairlead.cluster import kinds
from fairlead.console.document import POLICY
from fairlead.process import console_access
from fairlead.process.console_access import ConsoleAccess
from tests.cli.decisions import AT, decided, facts, router
from tests.console.objects import condition, deployment, gateway
from tests.console.reading import read
from tests.process.console_world import Console, Reviews, served


def story(scenario: Callable[[Console], Awaitable[None]]) -> None:
    """Run on a console with two namespaces."""

    async def run() -> None:
        async with served() as console:
            assert console.leader.watched is not None
            for namespace in ("team", "other"):
                console.leader.watched.put(kinds.INFERENCE_DEPLOYMENT, deployment("chat", namespace))
                console.leader.watched.put(kinds.INFERENCE_GATEWAY, gateway("company", namespace))
            await scenario(console)

    asyncio.run(run())


PAGES = ("/", "/gateways", "/deployments/team/chat", "/deployments/team/chat/changes", "/gateways/team/company")


@pytest.mark.parametrize("page", [*PAGES, "/no/such/page"])
def test_without_a_token_or_with_an_unknown_one_nothing_is_shown(page: str) -> None:
    async def scenario(console: Console) -> None:
        for token, title in ((None, "No token"), ("bad", "Unknown token")):
            status, text = await console.get(page, token)
            assert (status, f"<h1>{title}</h1>" in text, "chat" in text) == (401, True, False)

    story(scenario)


@pytest.mark.parametrize("page", PAGES)
def test_who_may_read_sees_every_page_and_who_may_not_none(page: str) -> None:
    async def scenario(console: Console) -> None:
        status, text = await console.get(page)
        assert (status, "sre at" in text) == (200, True)
        status, text = await console.get(page, "poor")
        kind = "InferenceGateway" if page.startswith("/gateways") else "InferenceDeployment"
        assert (status, f"You may read no {kind} here" in text) == (403, True)

    story(scenario)


@pytest.mark.parametrize(
    ("page", "plural", "kind"),
    [("/", "inferencedeployments", "InferenceDeployment"), ("/gateways", "inferencegateways", "InferenceGateway")],
)
def test_a_reader_of_a_namespace_that_has_none_sees_an_empty_list_and_no_refusal(
    page: str, plural: str, kind: str
) -> None:
    """As a team's, while the only gateway is the platform's."""

    async def scenario(console: Console) -> None:
        assert console.leader.watched is not None
        about = {"metadata": {"name": "de", "namespace": "adapted", "uid": "1"}, "spec": {"deployment": "chat"}}
        console.leader.watched.put(kinds.ADAPTER, about)
        console.reviews.rights.add(("dev", plural, "adapted"))
        status, text = await console.get(page, "team")
        assert (status, f"There is no {kind} in the namespaces that you may read." in text) == (200, True)
        assert (await console.get(page, "poor"))[0] == 403

    story(scenario)


@pytest.mark.parametrize("page", ["/", "/gateways"])
def test_a_cluster_without_objects_is_empty_for_every_reader(page: str) -> None:
    async def scenario() -> None:
        async with served() as console:
            assert [(await console.get(page, token))[0] for token in ("good", "poor")] == [200, 200]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "page", ["/none", "/deployments/", "/deployments/team", "/a/b/c/d", "/a%2Fb", "/assets/none.css", *PAGES]
)
def test_every_page_links_to_the_fleet_and_to_its_style_also_one_that_does_not_exist(page: str) -> None:
    async def scenario(console: Console) -> None:
        _, text = await console.get(page)
        links = [urljoin(page, one) for one in read(text).values("href")]
        assert {"/", "/gateways", "/playground", "/reports", "/assets/console.css"} <= set(links)

    story(scenario)


def test_commands_name_the_namespace_that_the_operator_runs_in() -> None:
    """A release in another one than usual: its pods are nowhere else."""

    async def scenario() -> None:
        failed = [condition("Ready", "False", "InternalError", "Fairlead failed on this object")]
        async with served(home="team-a") as console:
            assert console.leader.watched is not None
            console.leader.watched.put(kinds.INFERENCE_DEPLOYMENT, deployment(conditions=failed))
            console.leader.watched.put(kinds.INFERENCE_GATEWAY, gateway(conditions=failed))
            for page in ("/deployments/team/chat", "/gateways/team/company"):
                _, text = await console.get(page)
                assert "kubectl logs -n team-a -l app.kubernetes.io/name=fairlead --tail=200" in text
                assert "fairlead-system" not in text

    asyncio.run(scenario())


def test_a_reader_of_one_namespace_sees_that_and_learns_no_name_of_another() -> None:
    async def scenario(console: Console) -> None:
        console.reviews.rights |= {("dev", "inferencedeployments", "team"), ("dev", "inferencegateways", "team")}
        _, fleet = await console.get("/", "team")
        assert ("./deployments/team/chat" in fleet, "./deployments/other/chat" in fleet) == (True, False)
        _, gateways = await console.get("/gateways", "team")
        assert ("./gateways/team/company" in gateways, "./gateways/other/company" in gateways) == (True, False)
        assert [(await console.get(f"/deployments/other/{name}", "team"))[0] for name in ("chat", "none")] == [403, 403]
        assert (await console.get("/deployments/team/none", "team"))[0] == 404
        assert (await console.get("/gateways/team/none", "team"))[0] == 404
        assert (await console.get("/nothing", "team"))[0] == 404

    story(scenario)


def test_a_token_comes_through_the_api_server_under_another_name() -> None:
    async def scenario(console: Console) -> None:
        status, _ = await console.get("/", None, **{"Fairlead-Authorization": "Bearer good"})
        assert status == 200
        assert (await console.get("/", None, Authorization="Basic Z29vZA=="))[0] == 401

    story(scenario)


def test_answers_of_reviews_hold_for_seconds_and_no_error_does() -> None:
    async def scenario(console: Console) -> None:
        console.reviews.down = True
        status, text = await console.get("/")
        assert (status, "The API server could not say who you are" in text) == (503, True)
        console.reviews.down = False
        console.reviews.seen.clear()
        await asyncio.gather(*(console.get("/") for _ in range(20)))
        assert console.reviews.seen == ["TokenReview", "SubjectAccessReview"]

    story(scenario)


def test_a_right_that_was_taken_away_ends_within_seconds() -> None:
    async def scenario() -> None:
        now = [0.0]
        reviews = Reviews(tokens={"good": "sre"}, rights={("sre", "inferencedeployments", "")})
        access = ConsoleAccess(reviews, clock=lambda: now[0])
        holder = await access.holder("good")
        assert holder is not None
        assert await access.may_read(holder, kinds.INFERENCE_DEPLOYMENT, "team")
        reviews.rights.clear()
        reviews.tokens.clear()
        assert await access.may_read(holder, kinds.INFERENCE_DEPLOYMENT, "team")
        now[0] = console_access.HOLDS_S + 0.1
        assert not await access.may_read(holder, kinds.INFERENCE_DEPLOYMENT, "team")
        assert await access.holder("good") is None
        assert await access.holder("gööd") is None
        assert await access.holder("g" * 20_000) is None

    asyncio.run(scenario())


def test_a_flood_of_tokens_takes_no_more_memory_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_access, "MAX_ANSWERS", 5)

    async def scenario() -> None:
        reviews = Reviews()
        access = ConsoleAccess(reviews)
        assert [await access.holder(f"token-{number}") for number in range(50)] == [None] * 50
        reviews.seen.clear()
        for number in reversed(range(44, 50)):
            await access.holder(f"token-{number}")
        assert reviews.seen == ["TokenReview"], "only the last five answers were kept"

    asyncio.run(scenario())


def test_a_process_that_does_not_lead_answers_503_to_authenticated_clients_only() -> None:
    async def scenario(console: Console) -> None:
        console.leader.watched = None
        assert [(await console.get(page))[0] for page in PAGES] == [503] * len(PAGES)
        assert (await console.get("/", None))[0] == 401
        console.source.observe()
        assert (console.source.deployments(), console.source.gateways()) == ((), ())
        assert console.source.namespaces() == frozenset()
        assert (console.source.deployment("team", "chat"), console.source.gateway("team", "company")) == (None, None)

    story(scenario)


def test_every_answer_forbids_what_is_not_of_the_console_and_nothing_can_be_sent() -> None:
    async def scenario(console: Console) -> None:
        async with aiohttp.ClientSession() as session:
            for page in ("/", "/assets/console.css", "/assets/none.js"):
                async with session.get(f"{console.address}{page}") as answer:
                    assert answer.headers["Content-Security-Policy"] == POLICY
                    assert answer.headers["X-Content-Type-Options"] == "nosniff"
                    assert answer.headers["Cache-Control"] == "no-store"
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                async with session.request(method, f"{console.address}/") as answer:
                    assert answer.status == 405
            kinds_of = {}
            for name in ("console.css", "console.js", "icon.svg"):
                async with session.get(f"{console.address}/assets/{name}") as answer:
                    kinds_of[name] = (answer.status, answer.content_type)
            assert kinds_of == {
                "console.css": (200, "text/css"),
                "console.js": (200, "text/javascript"),
                "icon.svg": (200, "image/svg+xml"),
            }

    story(scenario)


def test_what_would_change_a_decision_is_searched_for_on_its_own_page() -> None:
    async def scenario(console: Console) -> None:
        console.leader.decided.append(decided(facts(routers=(router(waiting=3.0),))))
        _, page = await console.get("/deployments/team/chat")
        assert ("What would change it</a>" in page, "grows to" in page) == (True, False)
        _, page = await console.get("/deployments/team/chat/changes")
        assert "grows to" in page
        console.leader.decided[:] = [decided()]
        assert (await console.get("/deployments/team/chat/changes"))[1] == page, "followers cost no search each"
        console.leader.decided[:] = [decided(at=AT - 600)]
        _, page = await console.get("/deployments/team/chat")
        assert "fairlead explain infd/NAME shows it" in page

    story(scenario)


def test_timelines_grow_while_the_process_leads_and_accelerators_are_those_of_placed_pods() -> None:
    async def scenario(console: Console) -> None:
        assert console.leader.watched is not None
        for name, node in (("chat-1", "node-1"), ("chat-2", None)):
            labels = {"fairlead.dev/deployment": "chat"}
            limits = {"nvidia.com/gpu": "2", "memory": "1Gi", "hugepages.kubernetes.io/x": "1"}
            console.leader.watched.put(
                kinds.POD,
                {
                    "metadata": {"name": name, "namespace": "team", "uid": name, "labels": labels},
                    "spec": {"nodeName": node, "containers": [{"resources": {"limits": limits}}]},
                },
            )
        following = asyncio.create_task(console.source.follow())
        await asyncio.sleep(0)
        console.source.observe()
        following.cancel()
        found = console.source.deployment("team", "chat")
        assert found is not None
        assert (len(found.points), found.accelerators) == (2, 2)

    story(scenario)


def test_a_fleet_is_searched_and_paged_by_the_address() -> None:
    async def scenario(console: Console) -> None:
        assert console.leader.watched is not None
        for number in range(60):
            console.leader.watched.put(kinds.INFERENCE_DEPLOYMENT, deployment(f"mail-{number:02}"))
        _, second = await console.get("/?page=2&words=mail")
        assert ("Page 2 of 2" in second, "mail-59" in second, "chat</a>" in second) == (True, True, False)
        assert "Page 1 of 2" in (await console.get("/?page=-3"))[1]

    story(scenario)
