"""The container beside an engine that has it load adapters while it runs, and what that container may do and read.

It is a Kubernetes sidecar, a restartable init container: it starts before the engine, ends after it, and its readiness
counts for the pod's, so that a new replica gets no requests before it has its adapters. Only it gets the token of the
pod's account.
"""

import re
from typing import Final

from fairlead.adapting import load_list
from fairlead.adapting.load_list import LoadList
from fairlead.fleet.adapters import SEPARATOR
from fairlead.fleet.desired_state import DesiredEngine, DesiredRevision
from fairlead.fleet.engine_launch import EnvVar, StagedAdapters
from fairlead.fleet.lora_slots import LoraSlots
from fairlead.objects import container_resources, container_variables, names, ports, rbac, security
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner
from fairlead.objects.pull_secrets import pulled

CONTAINER: Final = "loader"
CLAIM_FOLDER: Final = "/claim"
PULL_SECRETS: Final = "/pull-secrets"
TOKEN_FOLDER: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_SECONDS: Final = 3607
"""Just above an hour, as Kubernetes mounts tokens itself."""
_TMP: Final = "/tmp"  # noqa: S108 - inside the container, on the pod's volume for it
_VOLUME: Final = "adapters"
_CLAIM: Final = "adapters-claim"
_DISK: Final = {container_resources.DISK: "128Mi"}
_MOST: Final = {container_resources.CPU: "1", container_resources.MEMORY: "1Gi", container_resources.DISK: "1Gi"}
"""Its limits, far above what it uses: it downloads files and sends a few requests."""
_SOURCE_VARIABLES: Final = (
    *("HF_ENDPOINT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy"),
)
"""Those of the engine's variables that the loader needs, since it reads the same hub from the same place."""

_REFERENCE: Final = re.compile(r"\$\(([^)]+)\)")
"""To another variable, in a value."""


def children(owner: Owner, revision: DesiredRevision) -> tuple[Manifest, ...]:
    """Build the list, still empty, and the right to watch it; none for a deployment without slots."""
    if revision.engine.lora is None:
        return ()
    name = names.adapters(owner.name)
    account = revision.placement.service_account or name
    own = () if revision.placement.service_account else (rbac.account(_head(owner)),)
    return (
        *own,
        rbac.role(_head(owner), [rbac.reading("configmaps") | {"resourceNames": [name]}]),
        rbac.binding(_head(owner), [rbac.subject(owner.namespace, account)]),
        with_list({"apiVersion": "v1", "kind": "ConfigMap", "metadata": _head(owner)}, LoadList()),
    )


def _head(owner: Owner) -> Manifest:
    return owner.metadata(names.adapters(owner.name), owner.child_labels(ChildRole.ENGINE))


def is_list(child: Manifest, owner: Owner) -> bool:
    """Whether a child is the ConfigMap with the list."""
    return bool(child["kind"] == "ConfigMap" and child["metadata"]["name"] == names.adapters(owner.name))


def with_list(child: Manifest, listed: LoadList) -> Manifest:
    """Write into the ConfigMap what is to be loaded now."""
    return child | {"data": {load_list.KEY: load_list.text(listed)}}


def pod_fields(owner: Owner, revision: DesiredRevision, staged: StagedAdapters | None, shared: str = "") -> Manifest:
    """Return the fields of an engine's pod that the loader needs; `shared`: the engine's volume with the same claim."""
    lora = revision.engine.lora
    if lora is None or staged is None:
        return {}
    account = {} if revision.placement.service_account else {"serviceAccountName": names.adapters(owner.name)}
    return {"initContainers": [_container(owner, revision, lora, staged, shared or _CLAIM)], **account}


def pull_fields(revision: DesiredRevision, staged: StagedAdapters | None) -> Manifest:
    """Return the credentials of a pod with the loader, whose image may be in another registry than the engine's."""
    lora = revision.engine.lora
    return (
        {} if lora is None or staged is None else pulled((*revision.placement.pull_secrets, *lora.loader_pull.secrets))
    )


def volumes(revision: DesiredRevision, staged: StagedAdapters | None, shared: str = "") -> list[Manifest]:
    """Return the folder of adapters, the token, and what sources need beyond a volume that the engine has as well."""
    if staged is None:
        return []
    claim = {"persistentVolumeClaim": {"claimName": staged.claim, "readOnly": True}}
    return [
        {"name": _VOLUME, "emptyDir": {}},
        _token(),
        *([{"name": _CLAIM, **claim}] if staged.claim and not shared else []),
        *(
            {"name": f"pull-{number}", "secret": {"secretName": name, "optional": True, "items": [_DOCKER_CONFIG]}}
            for number, name in enumerate(revision.placement.pull_secrets)
        ),
    ]


def engine_mounts(staged: StagedAdapters | None) -> list[Manifest]:
    """Mount the checked adapters read-only in the engine."""
    return [] if staged is None else [{"name": _VOLUME, "mountPath": staged.folder, "readOnly": True}]


_DOCKER_CONFIG: Final[Manifest] = {"key": ".dockerconfigjson", "path": "config.json"}


def _container(
    owner: Owner, revision: DesiredRevision, lora: LoraSlots, staged: StagedAdapters, claimed: str
) -> Manifest:
    claim = ["--claim", staged.claim, "--claim-folder", CLAIM_FOLDER] if staged.claim else []
    modules = [] if staged.modules is None else ["--modules", *staged.modules]
    return {
        "name": CONTAINER,
        "image": lora.loader_image,
        **({"imagePullPolicy": lora.loader_pull.policy} if lora.loader_pull.policy else {}),
        "restartPolicy": "Always",
        "args": [
            "loader",
            *("--config-map", names.adapters(owner.name)),
            *("--folder", staged.folder),
            *("--engine", f"127.0.0.1:{staged.port}"),
            *("--max-rank", str(staged.max_rank)),
            *modules,
            *_fixed(revision),
            *claim,
            *("--pull-secrets", PULL_SECRETS),
        ],
        "env": _environment(revision),
        "ports": [{"name": CONTAINER, "containerPort": ports.LOADER, "protocol": "TCP"}],
        **_resources(revision),
        "readinessProbe": _probe("/readyz", period_seconds=1, failures=1),
        "livenessProbe": _probe("/healthz", period_seconds=10, failures=6),
        "securityContext": security.of_container(),
        "volumeMounts": [
            {"name": _VOLUME, "mountPath": staged.folder},
            {"name": "loader-token", "mountPath": TOKEN_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": _TMP},
            *([{"name": claimed, "mountPath": CLAIM_FOLDER, "readOnly": True}] if staged.claim else []),
            *(
                {"name": f"pull-{number}", "mountPath": f"{PULL_SECRETS}/{number}", "readOnly": True}
                for number, _ in enumerate(revision.placement.pull_secrets)
            ),
        ],
    }


def _fixed(revision: DesiredRevision) -> list[str]:
    """Return the option for names of the spec that read like those of loaded versions, which the loader unloads."""
    given = (revision.model.served_name, *(one.name for one in revision.engine.adapters))
    found = [one for one in given if SEPARATOR in one]
    return ["--fixed", *found] if found else []


def _environment(revision: DesiredRevision) -> list[Manifest]:
    token = revision.model.token_secret
    secret = {"secretKeyRef": {"name": token.name, "key": token.key, "optional": True}} if token else None
    own: list[Manifest] = [
        {"name": "HOME", "value": _TMP},
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        *([{"name": "HF_TOKEN", "valueFrom": secret}] if secret else []),
    ]
    named = {one["name"] for one in own}
    return [*own, *(one for one in _of_sources(revision.engine) if one["name"] not in named)]


def _of_sources(engine: DesiredEngine) -> list[Manifest]:
    """Return the user's variables for sources, after those that their values refer to, such as a proxy's password."""
    given = (
        *(EnvVar(name=one.name, value=one) for one in engine.env_from),
        *(EnvVar(name=name, value=text) for name, text in engine.extra_env),
    )
    needed = set(_SOURCE_VARIABLES)
    for one in reversed(given):
        if one.name in needed and isinstance(one.value, str):
            needed.update(_REFERENCE.findall(one.value))
    return container_variables.environment(*(one for one in given if one.name in needed))


def _resources(revision: DesiredRevision) -> Manifest:
    """Return its requests: no CPU on a CPU replica, since a node full of engines has no core left; and a limit on what
    the engine is limited to, since a quota on limits refuses a pod with a container without one."""
    usual = {"memory": "128Mi"} if revision.cpu is not None else {"cpu": "50m", "memory": "128Mi"}
    requested, limited = (
        container_resources.amounts(one) for one in (revision.resources.requests, revision.resources.limits)
    )
    requests = usual | {name: amount for name, amount in _DISK.items() if name in requested}
    return container_resources.field(requests, {name: amount for name, amount in _MOST.items() if name in limited})


def _token() -> Manifest:
    return {
        "name": "loader-token",
        "projected": {
            "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            ]
        },
    }


def _probe(path: str, *, period_seconds: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": CONTAINER},
        "periodSeconds": period_seconds,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }
