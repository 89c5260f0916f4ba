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
    """The file that holds one value."""
    return f"{folder(secret.name)}/{secret.key}"


def folder(secret: str) -> str:
    """Where one Secret is mounted."""
    return f"{FOLDER}/{secret}"


def volumes_and_mounts(routing: RoutingSettings, further: Iterable[str] = ()) -> list[tuple[Manifest, Manifest]]:
    """Each Secret as a volume and its mount, in the order of their names."""
    return [_mounted(name) for name in sorted({*mounted_names(routing), *further})]


def mounted_names(routing: RoutingSettings) -> Iterator[str]:
    """The Secrets that the settings name, some more than once."""
    for tenant in routing.tenants:
        yield from (key.name for key in tenant.keys)
    for secret in (routing.cache.redis_url, routing.door.engine_ca):
        if secret is not None:
            yield secret.name
    if routing.door.tls_secret is not None:
        yield routing.door.tls_secret


def _mounted(secret: str) -> tuple[Manifest, Manifest]:
    """The volume's name is a hash, since a Secret's name may be longer than a volume's."""
    name = f"secret-{fingerprint(secret, _DIGITS)}"
    volume = {"name": name, "secret": {"secretName": secret, "optional": True}}
    return volume, {"name": name, "mountPath": folder(secret), "readOnly": True}
