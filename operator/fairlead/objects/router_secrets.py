"""The Secrets that routers read: keys of tenants, certificates, the address of a shared cache, each as a file.

A whole Secret is one folder, so that another key in it reaches routers without a restart. Each volume is optional, so
that a missing Secret does not keep routers from starting and serving everything else.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import RoutingSettings
from fairlead.objects.manifest import Manifest, fingerprint

FOLDER: Final = "/etc/fairlead-secrets"
CERTIFICATE: Final = "tls.crt"
PRIVATE_KEY: Final = "tls.key"

_DIGITS: Final = 10


def path(secret: SecretKey) -> str:
    """Return the file that holds one value."""
    return f"{folder(secret.name)}/{secret.key}"


def folder(secret: str) -> str:
    """Return where one Secret is mounted."""
    return f"{FOLDER}/{secret}"


def volumes_and_mounts(routing: RoutingSettings, further: Iterable[str] = ()) -> list[tuple[Manifest, Manifest]]:
    """Return each Secret as a volume and its mount, in the order of their names."""
    names = sorted({*mounted_names(routing), *further})
    return [mounted(name, f"secret-{fingerprint(name, _DIGITS)}") for name in names]


def mounted_names(routing: RoutingSettings) -> Iterator[str]:
    """Yield the Secrets that the settings name, some more than once."""
    for tenant in routing.tenants:
        yield from (key.name for key in tenant.keys)
    issuer_ca = routing.oidc.ca if routing.oidc else None
    for secret in (routing.cache.redis_url, routing.connections.engine_ca, issuer_ca):
        if secret is not None:
            yield secret.name
    if routing.connections.tls_secret is not None:
        yield routing.connections.tls_secret


def mounted(secret: str, volume: str) -> tuple[Manifest, Manifest]:
    """Return a volume of this name, and its mount; a Secret's own name may be too long for a volume."""
    source = {"name": volume, "secret": {"secretName": secret, "optional": True}}
    return source, {"name": volume, "mountPath": folder(secret), "readOnly": True}
