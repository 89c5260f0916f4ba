"""The assembled process: what its flags become, and what the webhook, the metrics page and Kopf get."""

import argparse
import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import kopf
import pytest

from fairlead.cli import offline_data, operator_command
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller import derived_settings, standby
from fairlead.controller.reconcile import moment
from fairlead.controller.settings import OperatorSettings, WebhookSettings
from fairlead.controller.standby import OperatorContext
from fairlead.controller.webhook import kopf_host
from fairlead.controller.webhook.certificate_rotation import CertificateRotator
from fairlead.fleet.desired_state import EngineKind
from fairlead.process.lifecycle import ClusterProcess
from fairlead.process.ports import ProcessHealth
from fairlead.review import deployment_review
from fairlead.telemetry import log_lines
from fairlead.telemetry.operator_metrics import OperatorMetrics
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run, until
from tests.controller.pretend import NOON, deployment
from tests.free_ports import free_port

SETTINGS: Final = OperatorSettings(lease_namespace="ops", identity="me", router_image="r:1", engine_image="e:1")
LOCAL: Final = "127.0.0.1"


def test_flags_become_what_a_reconcile_needs() -> None:
    setting = derived_settings.of_reconcile(SETTINGS)
    assert setting.context.releases[EngineKind.SIMULATED].image == "e:1"
    assert setting.installation.image == "r:1"
    assert setting.installation.operator_namespace == "ops"
    assert "Europe/Berlin" in (setting.context.time_zones or ())


def test_the_installations_image_is_pulled_as_its_flags_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "setup", lambda *_: None)  # it would replace the handlers of this process
    parser = argparse.ArgumentParser()
    operator_command.arguments(parser)
    words = ["--image-pull-policy=Always", "--image-pull-secret=registry", "--image-pull-secret=mirror"]
    settings = operator_command.operator_settings(parser.parse_args(words), SETTINGS.catalogue)
    installation = derived_settings.of_reconcile(settings).installation
    assert (installation.pull_policy, installation.pull_secrets) == ("Always", ("registry", "mirror"))
    usual = derived_settings.of_reconcile(SETTINGS).installation
    assert (usual.pull_policy, usual.pull_secrets) == ("IfNotPresent", ())


def test_where_the_cluster_assigns_users_a_flag_reaches_routers_and_the_engines_of_every_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_lines, "setup", lambda *_: None)  # it would replace the handlers of this process
    parser = argparse.ArgumentParser()
    operator_command.arguments(parser)
    found = []
    for words in (["--assigned-users"], []):
        settings = operator_command.operator_settings(parser.parse_args(words), SETTINGS.catalogue)
        setting = derived_settings.of_reconcile(settings)
        read = deployment_review.read(deployment(), setting.context).deployment
        found.append((setting.installation.assigned_users, read is not None and read.assigned_users))
    assert found == [(True, True), (False, False)]


def test_prices_of_the_installation_are_those_that_costs_are_calculated_with(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("products:\n  - {product: NVIDIA-L4, priceUsdHour: 0.25}\n")
    settings = replace(SETTINGS, catalogue=offline_data.catalogue(str(own)))
    priced = derived_settings.of_reconcile(settings).context.accelerator("NVIDIA-L4")
    usual = derived_settings.of_reconcile(SETTINGS).context.accelerator("NVIDIA-L4")
    assert priced is not None
    assert usual is not None
    assert (priced.price_an_hour, priced.memory_mib) == (0.25, usual.memory_mib)
    assert usual.price_an_hour != 0.25


def test_without_a_webhook_there_is_no_place_for_certificates(tmp_path: Path) -> None:
    off = OperatorSettings(
        lease_namespace="ops", identity="me", router_image="r", engine_image="e", webhook=WebhookSettings(enabled=False)
    )
    assert derived_settings.of_certificates(off, tmp_path) is None
    settings = derived_settings.of_certificates(SETTINGS, tmp_path)
    assert settings is not None
    assert settings.names == ("fairlead-webhook.ops.svc", "fairlead-webhook.ops.svc.cluster.local")


class Idle:
    """A leader with nothing to lead."""

    def __init__(self) -> None:
        self.metrics = OperatorMetrics()
        self.embedded = None
        self.pages = 0

    def wake(self, key: object) -> None:
        """Called for every object that changes."""

    def page_facts(self) -> None:
        """Called before each page."""
        self.pages += 1


@asynccontextmanager
async def serving(
    monkeypatch: pytest.MonkeyPatch, *, webhook: bool = True, answers: asyncio.Event | None = None
) -> AsyncIterator[tuple[OperatorSettings, OperatorContext, list[kopf_host.KopfCallbacks]]]:
    """A standby that serves; its flags, what it reads, and what Kopf has been given once that runs."""
    hosted: list[kopf_host.KopfCallbacks] = []

    async def host(_: object, __: object, callbacks: kopf_host.KopfCallbacks) -> None:
        hosted.append(callbacks)
        await asyncio.Event().wait()

    monkeypatch.setattr(kopf_host, "run", host)
    local = replace(SETTINGS, host=LOCAL, health_port=free_port(LOCAL), metrics_port=free_port(LOCAL))
    settings = replace(local, webhook=WebhookSettings(enabled=webhook))
    health = ProcessHealth(watch_age_s=lambda: 0.0, oldest_key_s=lambda: 0.0)
    leader: Any = Idle()
    context = OperatorContext(leader, health, derived_settings.of_reconcile(SETTINGS))
    async with FakeApi().connected() as connection:
        own = ClusterProcess(settings, connection, Slow(connection, answers), asyncio.Event())
        async with standby.serve(settings, own, context):
            yield settings, context, hosted


class Slow(ApiServer):
    """Reads are answered only once they may be."""

    def __init__(self, connection: ApiConnection, answers: asyncio.Event | None) -> None:
        super().__init__(connection)
        self._answers = answers

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        if self._answers is not None:
            await self._answers.wait()
        return await super().read(resource, namespace, name)


def test_the_metrics_page_reports_how_long_certificates_last(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        answers = asyncio.Event()
        async with (
            serving(monkeypatch, answers=answers) as (settings, context, hosted),
            aiohttp.ClientSession(f"http://{LOCAL}:{settings.metrics_port}") as session,
        ):

            async def figure(name: str) -> float:
                async with session.get("/metrics") as reply:
                    lines = (await reply.text()).splitlines()
                return next(float(line.split()[1]) for line in lines if f"_{name} " in line and line[0] != "#")

            names = "certificate_expiration_timestamp_seconds", "certificate_validity_left"
            assert [await figure(one) for one in names] == [0.0, 0.0]
            answers.set()
            await until(lambda: hosted)
            left = await figure(names[0]) - moment().timestamp()
            assert left == pytest.approx(timedelta(days=90).total_seconds(), abs=60)
            assert 0.999 < await figure(names[1]) <= 1.0
            leader: Any = context.tasks
            assert leader.pages == 4

    run(story())


def test_a_pod_is_ready_once_its_webhooks_port_is_open_and_at_once_without_a_webhook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The Service sends reviews to every ready pod; an upgrade with failurePolicy Fail had them refused."""

    async def story() -> None:
        async with serving(monkeypatch) as (_, context, hosted):
            await until(lambda: hosted)
            assert hosted[0].certificates is not None
            assert hosted[0].certificates.cert_file.exists()
            ready = [context.health.ready]
            hosted[0].listens()
            assert [*ready, context.health.ready] == [False, True], "a certificate alone opens no port"
        async with serving(monkeypatch, webhook=False) as (_, context, hosted):
            await until(lambda: hosted)
            assert context.health.ready
            assert hosted[0].certificates is None

    run(story())


def test_the_webhooks_server_says_that_it_listens_only_when_a_connection_succeeds(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            place = derived_settings.of_certificates(SETTINGS, tmp_path)
            assert place is not None
            await CertificateRotator(ApiServer(connection), place, lambda: NOON).keep()
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        reached: list[socket.socket] = []

        def listens() -> None:
            reached.append(socket.create_connection(("127.0.0.1", port), 5))

        settings = replace(SETTINGS, host="127.0.0.1", webhook=WebhookSettings(port=port))
        server: Any = kopf_host.kopf_settings(settings, place, listens).admission.server
        with pytest.raises(ConnectionRefusedError):
            listens()
        configurations = server(None)
        await anext(configurations)
        (accepted,) = reached
        trusting = ssl.create_default_context(cafile=place.cert_file)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection(sock=accepted, ssl=trusting, server_hostname="webhook")
        writer.close()
        await writer.wait_closed()
        await configurations.aclose()

    run(story())


def test_kopf_is_a_host_and_writes_nothing(tmp_path: Path) -> None:
    chosen = kopf_host.kopf_settings(SETTINGS, derived_settings.of_certificates(SETTINGS, tmp_path), print)
    assert (chosen.posting.enabled, chosen.peering.standalone, chosen.admission.managed) == (False, True, None)
    assert chosen.persistence.finalizer == "fairlead.dev/kopf"
    assert isinstance(chosen.admission.server, kopf.WebhookServer)
    assert kopf_host.kopf_settings(SETTINGS, None, print).admission.server is None
