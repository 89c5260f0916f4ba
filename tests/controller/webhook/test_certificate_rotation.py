"""Certificates are shared in one Secret by all replicas, trusted before they serve; foreign Secrets are left alone."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import Manifest
from fairlead.controller.webhook import certificate_rotation, certificates
from fairlead.controller.webhook.certificate_rotation import CertificateRotator, WebhookCertificateSettings
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import run, until

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOOK: Final = {"name": "validate.fairlead.dev", "clientConfig": {"service": {"name": "webhook"}}}


class Clock:
    """A manual clock."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


def place(folder: Path, configuration: str = "fairlead") -> WebhookCertificateSettings:
    """The settings of a release's webhook."""
    folder.mkdir(exist_ok=True)
    return WebhookCertificateSettings(
        namespace="team", secret="hook", service="webhook", configuration=configuration, folder=folder
    )


OWNER: Final = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fairlead", "uid": "u"}


async def ours() -> Manifest:
    """The Deployment that runs the process."""
    return OWNER


@pytest.mark.trial(8)
def test_a_secret_made_anew_goes_with_the_deployment_that_runs_the_operator(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.put(kinds.VALIDATING_WEBHOOK, {"metadata": {"name": "fairlead"}, "webhooks": [HOOK]})
        async with fake.connected() as connection:
            await CertificateRotator(ApiServer(connection), replace(place(tmp_path), owner=ours), Clock()).first()
        assert secret(fake)["metadata"]["ownerReferences"] == [OWNER]

    run(story())


def configuration(fake: FakeApi) -> Manifest:
    """The webhook configuration as stored."""
    return fake.objects.held[(kinds.VALIDATING_WEBHOOK.title, "", "fairlead")]


def secret(fake: FakeApi) -> Manifest:
    """The Secret that all replicas share."""
    return fake.objects.held[(kinds.SECRET.title, "team", "hook")]


def test_the_first_replica_makes_them_and_the_second_takes_them(tmp_path: Path) -> None:
    async def story() -> None:
        fake, clock = FakeApi(), Clock()
        fake.put(kinds.VALIDATING_WEBHOOK, {"metadata": {"name": "fairlead"}, "webhooks": [HOOK]})
        async with fake.connected() as connection:
            api = ApiServer(connection)
            first = CertificateRotator(api, place(tmp_path / "1"), clock)
            second = CertificateRotator(api, place(tmp_path / "2"), clock)
            await first.first()
            made = secret(fake)
            await second.first()
            assert secret(fake) == made
            assert (tmp_path / "1" / "tls.crt").read_bytes() == (tmp_path / "2" / "tls.crt").read_bytes()
            hooks = configuration(fake)["webhooks"]
            assert hooks[0]["clientConfig"]["caBundle"] == made["data"]["ca.crt"]
            assert hooks[0]["clientConfig"]["service"] == {"name": "webhook"}
            assert first.expires_at == clock.now + timedelta(days=90)
            version = fake.objects.version
            await first.keep()
            assert fake.objects.version == version
            clock.now += timedelta(days=61)
            await second.keep()
            assert secret(fake)["data"]["tls.crt"] != made["data"]["tls.crt"]
            assert secret(fake)["data"]["ca.crt"] == made["data"]["ca.crt"]

    run(story())


def test_the_second_replica_to_renew_uses_the_certificate_of_the_first(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            settings = place(tmp_path)
            rotator = CertificateRotator(ApiServer(connection), settings, Clock())
            fake.fail(Fault(code=409), "create")
            await rotator.keep()
            assert not settings.cert_file.exists()
            await rotator.keep()
            assert settings.cert_file.exists()
            assert settings.key_file.stat().st_mode & 0o777 == 0o600

    run(story())


def test_where_others_make_certificates_theirs_are_served(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            settings = place(tmp_path, "")
            rotator = CertificateRotator(ApiServer(connection), settings, Clock())
            await rotator.keep()
            assert not settings.cert_file.exists()
            theirs = certificates.renewed(None, ("x",), NOON)
            head = {"metadata": {"name": "hook", "namespace": "team"}}
            fake.put(kinds.SECRET, head | {"data": theirs.as_data()})
            await rotator.first()
            assert settings.cert_file.read_bytes() == theirs.cert
            assert (kinds.VALIDATING_WEBHOOK.title, "", "fairlead") not in fake.objects.held

    run(story())


def test_a_secret_that_cert_manager_has_not_written_is_named_in_the_log_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Until then the pods are not Ready, and nothing else says why."""

    async def story() -> None:
        fake, clock = FakeApi(), Clock()
        async with fake.connected() as connection:
            rotator = CertificateRotator(ApiServer(connection), place(tmp_path, ""), clock)
            await rotator.keep()
            clock.now += timedelta(seconds=1)
            await rotator.keep()
            (line,) = [one.getMessage() for one in caplog.records]
            assert line == (
                "webhook certificates: Secret team/hook does not exist, and cert-manager has to write it; see `kubectl "
                "describe certificate,certificaterequest,issuer -n team`"
            )
            empty = {"metadata": {"name": "hook", "namespace": "team"}, "data": {"tls.key": "", "tls.crt": ""}}
            fake.put(kinds.SECRET, empty)
            clock.now += timedelta(minutes=1)
            await rotator.keep()
            assert "Secret team/hook has no usable tls.crt and tls.key, and" in caplog.records[1].getMessage()

    run(story())


def test_an_issuer_that_writes_no_authority_is_enough_where_the_operator_publishes_none(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            settings = place(tmp_path, "")
            rotator = CertificateRotator(ApiServer(connection), settings, Clock())
            theirs = certificates.renewed(None, ("x",), NOON)
            entries = {name: text for name, text in theirs.as_data().items() if name in ("tls.crt", "tls.key")}
            fake.put(kinds.SECRET, {"metadata": {"name": "hook", "namespace": "team"}, "data": entries})
            await rotator.first()
            assert settings.cert_file.read_bytes() == theirs.cert

    run(story())


def test_an_api_error_propagates_and_no_certificate_is_written(tmp_path: Path) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            settings = place(tmp_path)
            rotator = CertificateRotator(ApiServer(connection), settings, Clock())
            fake.fail(Fault(code=500), "get")
            with pytest.raises(ApiError):
                await rotator.keep()
            assert not settings.cert_file.exists()

    run(story())


def test_a_file_that_cannot_be_written_is_tried_again_and_the_metric_is_that_of_what_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The alert watches it: a renewal that only reached the Secret has not renewed what clients see."""
    monkeypatch.setattr(certificate_rotation, "EVERY_S", 0.005)

    async def story() -> None:
        fake, clock = FakeApi(), Clock()
        async with fake.connected() as connection:
            settings = place(tmp_path)
            rotator = CertificateRotator(ApiServer(connection), settings, clock)
            assert (rotator.expires_at, rotator.validity_left) == (None, None)
            await rotator.keep()
            first = rotator.expires_at
            clock.now += timedelta(days=70)
            fresh = settings.key_file.with_suffix(".fresh")
            fresh.mkdir()  # so that writing there raises an OSError
            keeping = asyncio.create_task(rotator.run())
            await until(lambda: "no renewal; trying again" in caplog.text)
            assert rotator.expires_at == first
            assert rotator.validity_left == pytest.approx(20 / 90, abs=0.001)
            fresh.rmdir()
            await until(lambda: rotator.expires_at == clock.now + timedelta(days=90))
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    run(story())


def test_a_keeper_goes_on_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What serves goes on serving, and the next pass fixes it."""
    monkeypatch.setattr(certificate_rotation, "EVERY_S", 0.005)

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            settings = place(tmp_path)
            rotator = CertificateRotator(ApiServer(connection), settings, Clock())
            fake.fail(Fault(code=403), "get")
            keeping = asyncio.create_task(rotator.run())
            await until(settings.cert_file.exists)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        assert fake.count("get") >= 2

    run(story())
