"""Published reports in the console: for users whom Kubernetes lets read ConfigMaps, in a browser sandbox."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fairlead.cluster import kinds
from fairlead.console import reports_page
from fairlead.console.document import POLICY
from fairlead.objects import published_report
from fairlead.objects.published_report import PublishedReport
from tests.console.objects import deployment, gateway
from tests.process.console_world import Console, served

HOSTILE = "<script>fetch('/')</script>"


def report(namespace: str, name: str = "friday") -> dict[str, Any]:
    report = PublishedReport(
        namespace=namespace, name=name, verdict="chat keeps them", played_at="2026-11-23 10:00 UTC"
    )
    manifest = published_report.manifest(report, f"<h1>{namespace}</h1>{HOSTILE}")
    assert isinstance(manifest, dict)
    return manifest


def story(scenario: Callable[[Console], Awaitable[None]], namespaces: tuple[str, ...] = ()) -> None:
    """Run on a console with a report in two namespaces, and a ConfigMap that is not one."""

    async def run() -> None:
        async with served(namespaces) as console:
            settings = {"metadata": {"namespace": "team", "name": "settings"}, "data": {"key": "value"}}
            console.reviews.config_maps = [report("team"), report("other"), settings]
            await scenario(console)

    asyncio.run(run())


def test_a_report_is_shown_as_it_was_written_and_may_do_nothing_in_the_console() -> None:
    async def scenario(console: Console) -> None:
        status, text, policy = await console.answer("/reports")
        assert (status, policy) == (200, POLICY)
        assert "./reports/team/friday" in text
        status, text, policy = await console.answer("/reports/team/friday")
        assert (status, text, policy) == (200, f"<h1>team</h1>{HOSTILE}", reports_page.POLICY)
        assert policy.startswith("sandbox allow-scripts; default-src 'none'")

    story(scenario)


def test_who_may_read_no_config_map_sees_no_report_and_learns_no_name() -> None:
    async def scenario(console: Console) -> None:
        console.reviews.rights.add(("dev", "configmaps", "team"))
        _, text = await console.get("/reports", "team")
        assert ("reports/team/friday" in text, "reports/other/friday" in text) == (True, False)
        for name in ("friday", "none"):
            status, text = await console.get(f"/reports/other/{name}", "team")
            assert (status, "kubectl auth can-i get configmaps" in text) == (403, True)
        assert "No report is published" in (await console.get("/reports", "poor"))[1]

    story(scenario)


def test_another_config_map_is_not_shown_nor_one_that_is_not_there() -> None:
    async def scenario(console: Console) -> None:
        for name in ("settings", "none"):
            status, text = await console.get(f"/reports/team/{name}")
            assert (status, "value" in text) == (404, False)
        broken = report("team", "broken") | {"binaryData": {}}
        console.reviews.config_maps.append(broken)
        assert (await console.get("/reports/team/broken"))[0] == 404

    story(scenario)


def test_an_operator_of_some_namespaces_shows_reports_of_no_other() -> None:
    async def scenario(console: Console) -> None:
        _, text = await console.get("/reports")
        assert ("reports/team/friday" in text, "reports/other/friday" in text) == (True, False)
        assert (await console.get("/reports/other/friday"))[0] == 404

    story(scenario, ("team",))


def test_a_served_namespace_without_rights_leaves_the_reports_of_the_others() -> None:
    """It was deleted, or its Role was: the operator goes on with the rest, and so does the page."""

    async def scenario(console: Console) -> None:
        console.reviews.lost = {"other"}
        status, text = await console.get("/reports")
        assert (status, "reports/team/friday" in text, "reports/other/friday" in text) == (200, True, False)
        assert (await console.get("/reports/team/friday"))[0] == 200
        assert (await console.get("/reports/other/friday"))[0] == 404

    story(scenario, ("other", "team"))


def test_an_operator_of_all_namespaces_without_the_right_to_reports_says_so() -> None:
    async def scenario(console: Console) -> None:
        console.reviews.lost = {None}
        for page in ("/reports", "/reports/team/friday"):
            assert (await console.get(page))[0] == 503

    story(scenario)


def test_many_readers_cost_one_list_each_few_seconds() -> None:
    async def scenario(console: Console) -> None:
        await asyncio.gather(*(console.get("/reports") for _ in range(10)))
        assert console.reviews.lists == 1

    story(scenario)


def test_the_playground_offers_what_a_reader_may_see_and_only_behind_the_commands_door() -> None:
    async def scenario(console: Console) -> None:
        assert console.leader.watched is not None
        for namespace in ("team", "other"):
            console.leader.watched.put(kinds.INFERENCE_DEPLOYMENT, deployment("chat", namespace))
            address = f"http://company.{namespace}.svc/v1"
            console.leader.watched.put(kinds.INFERENCE_GATEWAY, gateway("company", namespace, endpoint=address))
        console.reviews.rights |= {("dev", "inferencedeployments", "team"), ("dev", "inferencegateways", "team")}
        _, text = await console.get("/playground", "team")
        assert "This page was opened another way" in text
        door = {"Fairlead-Authorization": "Bearer team"}
        _, text = await console.get("/playground", None, **door)
        assert text.count("team/chat:http") == 1
        assert text.count("team/company:http") == 2
        assert "other/" not in text

    story(scenario)
