"""The assembled process: what its flags become, and what the webhook, the metrics page and Kopf get."""

import argparse
import asyncio
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import kopf
import pytest

from fairlead.cli import offline_data, operator_command
from fairlead.cluster.api_server import ApiServer
from fairlead.controller import process
from fairlead.controller.settings import OperatorSettings, WebhookSettings
from fairlead.controller.webhook import kopf_host
from fairlead.controller.webhook.certificate_rotation import CertificateRotator
from fairlead.fleet.desired_state import EngineKind
from fairlead.process.lifecycle import ClusterProcess
from fairlead.process.ports import ProcessHealth
from fairlead.review import deployment_review
from fairlead.telemetry import log_lines
from fairlead.telemetry.operator_metrics import OperatorMetrics
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run
from tests.controller.pretend import NOON, deployment

SETTINGS: Final = OperatorSettings(lease_namespace="ops", identity="me", router_image="r:1", engine_image="e:1")


def test_flags_become_what_a_reconcile_needs() -> None:
    setting = process._setting(SETTINGS)
    assert setting.context.releases[EngineKind.SIMULATED].image == "e:1"
    assert setting.installation.image == "r:1"
    assert setting.installation.operator_namespace == "ops"
    assert "Europe/Berlin" in (setting.context.time_zones or ())


def test_the_installations_image_is_pulled_as_its_flags_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "setup", lambda *_: None)  # it would replace the handlers of this process
    parser = argparse.ArgumentParser()
    operator_command.arguments(parser)
    words = ["--image-pull-policy=Always", "--image-pull-secret=registry", "--image-pull-secret=mirror"]
    settings = operator_command._settings(parser.parse_args(words), SETTINGS.catalogue)
    installation = process._setting(settings).installation
    assert (installation.pull_policy, installation.pull_secrets) == ("Always", ("registry", "mirror"))
    usual = process._setting(SETTINGS).installation
    assert (usual.pull_policy, usual.pull_secrets) == ("IfNotPresent", ())


def test_where_the_cluster_assigns_users_a_flag_reaches_routers_and_the_engines_of_every_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_lines, "setup", lambda *_: None)  # it would replace the handlers of this process
    parser = argparse.ArgumentParser()
    operator_command.arguments(parser)
    found = []
    for words in (["--assigned-users"], []):
        settings = operator_command._settings(parser.parse_args(words), SETTINGS.catalogue)
        setting = process._setting(settings)
        read = deployment_review.read(deployment(), setting.context).deployment
        found.append((setting.installation.assigned_users, read is not None and read.assigned_users))
    assert found == [(True, True), (False, False)]


def test_prices_of_the_installation_are_those_that_costs_are_calculated_with(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("products:\n  - {product: NVIDIA-L4, priceUsdHour: 0.25}\n")
    settings = replace(SETTINGS, catalogue=offline_data.catalogue(str(own)))
    priced = process._setting(settings).context.accelerator("NVIDIA-L4")
    usual = process._setting(SETTINGS).context.accelerator("NVIDIA-L4")
    assert priced is not None
    assert usual is not None
    assert (priced.price_an_hour, priced.memory_mib) == (0.25, usual.memory_mib)
    assert usual.price_an_hour != 0.25


def test_without_a_webhook_there_is_no_place_for_certificates(tmp_path: Path) -> None:
    off = OperatorSettings(
        lease_namespace="ops", identity="me", router_image="r", engine_image="e", webhook=WebhookSettings(enabled=False)
    )
    assert process._place(off, tmp_path) is None
    settings = process._place(SETTINGS, tmp_path)
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


def served() -> process.OperatorContext:
    """What a standby reads."""
    health = ProcessHealth(watch_age_s=lambda: 0.0, oldest_key_s=lambda: 0.0)
    leader: Any = Idle()
    return process.OperatorContext(leader, health, process._setting(SETTINGS))


def test_the_metrics_page_reports_how_long_certificates_last(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            settings = process._place(SETTINGS, tmp_path)
            assert settings is not None
            rotator = CertificateRotator(ApiServer(connection), settings, lambda: NOON)
            standby = served()
            assert b"certificate_expiration_timestamp_seconds 0.0" in process._page(standby.tasks, rotator)
            assert b"validity_left 0.0" in process._page(standby.tasks, rotator)
            await rotator.keep()
            expires = (NOON + timedelta(days=90)).timestamp()
            page = process._page(standby.tasks, rotator)
            assert f"certificate_expiration_timestamp_seconds {expires}\n".encode() in page
            assert b"validity_left 0.999" in process._page(standby.tasks, rotator)

    run(story())


def test_a_pod_is_ready_once_its_webhooks_port_is_open_and_at_once_without_a_webhook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The Service sends reviews to every ready pod; an upgrade with failurePolicy Fail had them refused."""
    opened: list[kopf_host.KopfCallbacks] = []

    async def host(_: object, __: object, callbacks: kopf_host.KopfCallbacks) -> None:
        opened.append(callbacks)

    monkeypatch.setattr(kopf_host, "run", host)

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            api, standby = ApiServer(connection), served()
            own = ClusterProcess(SETTINGS, connection, api, asyncio.Event())
            settings = process._place(SETTINGS, tmp_path)
            assert settings is not None
            await process._host(SETTINGS, own, standby, settings, CertificateRotator(api, settings, lambda: NOON))
            assert settings.cert_file.exists()
            ready = [standby.health.ready]
            opened[0].listens()
            assert [*ready, standby.health.ready] == [False, True], "a certificate alone opens no port"
            alone = served()
            await process._host(SETTINGS, own, alone, None, None)
            assert alone.health.ready

    run(story())


def test_the_webhooks_server_says_that_it_listens_only_when_a_connection_succeeds(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            place = process._place(SETTINGS, tmp_path)
            assert place is not None
            await CertificateRotator(ApiServer(connection), place, lambda: NOON).keep()
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        reached: list[socket.socket] = []

        def listens() -> None:
            reached.append(socket.create_connection(("127.0.0.1", port), 5))

        settings = replace(SETTINGS, host="127.0.0.1", webhook=WebhookSettings(port=port))
        server: Any = kopf_host._settings(settings, place, listens).admission.server
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
    chosen = kopf_host._settings(SETTINGS, process._place(SETTINGS, tmp_path), print)
    assert (chosen.posting.enabled, chosen.peering.standalone, chosen.admission.managed) == (False, True, None)
    assert chosen.persistence.finalizer == "fairlead.dev/kopf"
    assert isinstance(chosen.admission.server, kopf.WebhookServer)
    assert kopf_host._settings(SETTINGS, None, print).admission.server is None
