"""What a deployment's own routers are told, as a file they read again whenever it changes.

The file is mounted, never hashed into the pods: another limit or time-out must not restart a router and its streams.
"""

import json
from dataclasses import asdict
from typing import Final

from fairlead.fleet.gateways import OwnRouter, Routing
from fairlead.fleet.wanted import Wanted
from fairlead.objects import labels, names, ports
from fairlead.objects.labels import Role
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

FILE: Final = "router.json"
FOLDER: Final = "/etc/fairlead"
SECRETS: Final = "/etc/fairlead-secrets"
REDIS_URL: Final = "redis-url"
"""Under this name in the folder of secrets; no secret's value is ever written into the file."""


def manifest(owner: Owner, wanted: Wanted, router: OwnRouter) -> Manifest:
    """The ConfigMap; indented, since people look into it when they wonder what a router was told."""
    text = json.dumps(document(wanted, router.routing), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": owner.metadata(names.router(owner.name), labels.child(owner.name, Role.ROUTER)),
        "data": {FILE: text},
    }


def document(wanted: Wanted, routing: Routing) -> Manifest:
    """All a router has to know: which names it answers to, where engines are found, and what it may do with requests.

    Adapters are asked for like models, so they stand among the names. Keys are spelt as in the objects people write.
    """
    return {
        "namespace": wanted.namespace,
        "selector": labels.as_text(labels.engines(wanted.name)),
        "enginePort": ports.ENGINE,
        "models": [wanted.model.served_name, *(adapter.name for adapter in wanted.engine.adapters)],
        "prefixCaching": wanted.engine.prefix_caching,
        "maxContextTokens": wanted.engine.max_context_tokens,
        "routing": _plain(routing),
    }


def _plain(routing: Routing) -> Manifest:
    """Each setting under its name in `fleet.gateways`; instead of a secret, the file its value is mounted as."""
    parts = asdict(routing)
    secret = parts["cache"].pop("redis_url")
    parts["cache"]["redis_url_file"] = f"{SECRETS}/{REDIS_URL}" if secret else None
    return {
        name: {_camel(field): value for field, value in part.items()}
        for name, part in parts.items()
        if isinstance(part, dict)
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
