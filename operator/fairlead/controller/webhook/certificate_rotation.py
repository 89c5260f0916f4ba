"""Keeps the webhook's certificates: in a Secret that all replicas share, in the webhook's caBundle, and in files.

Any replica may renew; by the Secret's resourceVersion only one of them succeeds. The caBundle is published before a new
leaf is served.
"""

import asyncio
import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError, Conflict
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.own_deployment import OwnerLookup, no_owner
from fairlead.controller.webhook import certificates
from fairlead.controller.webhook.certificates import Certificates

EVERY_S: Final = 60.0
MANAGER: Final = "fairlead-webhook"

log = logging.getLogger("fairlead.webhook")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCertificateSettings:
    """Where certificates are kept and for which Service they are issued."""

    namespace: str
    secret: str
    service: str
    configuration: str = ""
    """The ValidatingWebhookConfiguration that gets our caBundle; empty: another tool makes it and certificates."""
    folder: Path
    owner: OwnerLookup = no_owner
    """A Secret that this process creates gets this owner, and is deleted with it."""

    @property
    def names(self) -> tuple[str, ...]:
        """The host names by which the API server calls the webhook."""
        return (f"{self.service}.{self.namespace}.svc", f"{self.service}.{self.namespace}.svc.cluster.local")

    @property
    def cert_file(self) -> Path:
        """The certificate that the webhook presents."""
        return self.folder / certificates.CERT

    @property
    def key_file(self) -> Path:
        """The certificate's private key."""
        return self.folder / certificates.KEY


class CertificateRotator:
    """Renews, publishes and serves the certificates; one per replica."""

    def __init__(self, api: ApiServer, settings: WebhookCertificateSettings, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._settings = settings
        self._clock = clock
        self._served: Certificates | None = None
        self._lacked_at: datetime | None = None

    @property
    def expires_at(self) -> datetime | None:
        """When the certificate that is served expires; None before there is one."""
        return certificates.expires_at(self._served) if self._served is not None else None

    @property
    def validity_left(self) -> float | None:
        """Share of the validity of the certificate that is served; None before there is one."""
        return certificates.validity_left(self._served, self._clock()) if self._served is not None else None

    async def run(self) -> None:
        """Run forever; a failure is logged and retried, while the current certificate stays in use."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.keep()
            except ApiError as problem:
                log.warning("webhook certificates: %s; trying again in %d s", problem, EVERY_S)
            except Exception:  # a full disk, for instance: if this task ended, the certificate would expire unseen
                log.exception("webhook certificates: no renewal; trying again in %d s", EVERY_S)

    async def first(self) -> None:
        """Wait until the files exist, however long that takes, since the webhook cannot be served before."""
        while True:
            try:
                await self.keep()
            except ApiError as problem:
                log.warning("webhook certificates: %s; trying again", problem)
            if self._settings.cert_file.exists():
                return
            await asyncio.sleep(1.0)

    async def keep(self) -> None:
        """Run one pass: renew what is due, publish the caBundle, then write the files that are served."""
        certificates = await self._in_secret()
        if certificates is None:
            return
        if self._settings.configuration:
            await self._publish(certificates)
        self._serve(certificates)

    async def _in_secret(self) -> Certificates | None:
        """Return the certificates of the Secret, renewed if due; unchanged if another tool makes them."""
        settings, now = self._settings, self._clock()
        secret = await self._api.read(kinds.SECRET, settings.namespace, settings.secret)
        data = (secret or {}).get("data") or {}
        if not settings.configuration:
            theirs = certificates.read_served(data)
            if theirs is None:
                self._complain(exists=secret is not None, now=now)
            return theirs
        found = certificates.read(data)
        if found is not None and not certificates.is_due(found, settings.names, now):
            return found
        fresh = certificates.renewed(found, settings.names, now)
        try:
            await self._keep_in(secret, fresh)
        except Conflict:
            return None
        log.info("webhook certificates: renewed, valid for %d days", certificates.LEAF_LIVES.days)
        return fresh

    def _complain(self, *, exists: bool, now: datetime) -> None:
        """Log at once and then each minute what is awaited: until it is there, the pod is not Ready."""
        if self._lacked_at is not None and now - self._lacked_at < timedelta(seconds=EVERY_S):
            return
        self._lacked_at = now
        log.warning(
            "webhook certificates: Secret %s/%s %s, and cert-manager has to write it; see `kubectl describe "
            "certificate,certificaterequest,issuer -n %s`",
            self._settings.namespace,
            self._settings.secret,
            f"has no usable {certificates.CERT} and {certificates.KEY}" if exists else "does not exist",
            self._settings.namespace,
        )

    async def _keep_in(self, secret: Manifest | None, fresh: Certificates) -> None:
        head: Manifest = {"name": self._settings.secret, "namespace": self._settings.namespace}
        body = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": fresh.as_data()}
        if secret is None:
            owner = await self._settings.owner()
            await self._api.create(body | {"metadata": head | ({"ownerReferences": [owner]} if owner else {})})
        else:
            await self._api.replace(body | {"metadata": secret["metadata"], "type": secret.get("type", "Opaque")})

    async def _publish(self, certificates: Certificates) -> None:
        """Apply only our caBundle, under a field manager of its own: all other fields are the chart's."""
        name = self._settings.configuration
        live = await self._api.read(kinds.VALIDATING_WEBHOOK, None, name)
        if live is None:
            log.warning(
                "there is no ValidatingWebhookConfiguration %s, so the API server does not ask the webhook: objects "
                "are reviewed only after they are stored; `helm upgrade` recreates it",
                name,
            )
            return
        bundle = base64.b64encode(certificates.bundle).decode()
        hooks = live.get("webhooks") or ()
        if all(hook.get("clientConfig", {}).get("caBundle") == bundle for hook in hooks):
            return
        await self._api.apply(
            {
                "apiVersion": live["apiVersion"],
                "kind": live["kind"],
                "metadata": {"name": name, "uid": live["metadata"]["uid"]},
                "webhooks": [{"name": hook["name"], "clientConfig": {"caBundle": bundle}} for hook in hooks],
            },
            manager=MANAGER,
        )

    def _serve(self, certificates: Certificates) -> None:
        """Replace the files one by one; Kopf reloads both when either changes, so a mixed pair lasts only a moment."""
        for path, content in (
            (self._settings.key_file, certificates.key),
            (self._settings.cert_file, certificates.cert),
        ):
            if not path.exists() or path.read_bytes() != content:
                fresh = path.with_suffix(".fresh")
                fresh.touch(mode=0o600)
                fresh.write_bytes(content)
                fresh.replace(path)
        self._served = certificates
