"""The operator's key to the pages of routers: one secret, and from it another key for each deployment.

A router gets a digest of its own deployment's key and never the key itself, so it can open no other router's pages, and
neither can anybody who reads its configuration. Whoever pretends to be a router and is shown the key learns that one.
"""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

LENGTH = 32
"""Bytes of the secret."""


@dataclass(slots=True)
class RouterKeys:
    """Those of one process; without the secret, which is read from the cluster, there are none."""

    secret: bytes | None = field(default=None, repr=False)

    def bearer(self, namespace: str, name: str) -> str | None:
        """What is sent to the routers of this deployment."""
        if self.secret is None:
            return None
        return hmac.digest(self.secret, f"{namespace}/{name}".encode(), "sha256").hex()

    def sha256(self, namespace: str, name: str) -> str | None:
        """What those routers know it by."""
        key = self.bearer(namespace, name)
        return None if key is None else sha256(key.encode()).hexdigest()
