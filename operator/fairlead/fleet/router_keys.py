"""The operator's key to the routers' metrics ports: one secret, and a key derived from it for each deployment.

A router gets a digest of its own deployment's key and never the key itself, so neither the router nor a reader of its
configuration can open another router's pages. A process that poses as a router learns only that deployment's key.
"""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

LENGTH = 32
"""Bytes of the secret."""


@dataclass(slots=True)
class RouterKeys:
    """The keys of one process; there are none until the secret has been read from the cluster."""

    secret: bytes | None = field(default=None, repr=False)

    def bearer(self, namespace: str, name: str) -> str | None:
        """Return the bearer token sent to this deployment's routers."""
        if self.secret is None:
            return None
        return hmac.digest(self.secret, f"{namespace}/{name}".encode(), "sha256").hex()

    def sha256(self, namespace: str, name: str) -> str | None:
        """Return the digest by which those routers verify the key."""
        key = self.bearer(namespace, name)
        return None if key is None else sha256(key.encode()).hexdigest()
