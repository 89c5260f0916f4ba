"""The kinds of object the operator reads or writes: their names in every form, and their paths in the API.

Knows how to build a path. Sends no request; whether a cluster serves a kind, only the API server knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from fairlead.api import kinds as ours

Manifest = dict[str, Any]
"""An object as the API server sends and takes it."""

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of object and its place in the API."""

    group: str
    """Empty for the core group."""
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The apiVersion of a manifest."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def title(self) -> str:
        """Its name in messages of kubectl and RBAC: `deployments.apps`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL path; without a name that of the collection, without a namespace that of all namespaces."""
        words = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace is not None:
            words += ["namespaces", _segment(namespace)]
        words.append(self.plural)
        words += [_segment(word) for word in (name, subresource) if word is not None]
        return "/" + "/".join(words)


def _segment(word: str) -> str:
    """Quote one segment of a path. An empty name would mean the whole collection, and `..` the path above it."""
    if word in ("", ".", "..") or "/" in word or "%" in word:
        raise ValueError(f"{word!r} cannot be the name of an object: empty, a dot path, or with / or %; correct it")
    return quote(word, safe=":")


def _ours(kind: ours.Kind[Any]) -> Resource:
    return Resource(group=ours.GROUP, version=ours.VERSION, plural=kind.plural, kind=kind.name)


INFERENCE_DEPLOYMENT: Final = _ours(ours.DEPLOYMENT)
AUTOSCALING_POLICY: Final = _ours(ours.POLICY)
INFERENCE_GATEWAY: Final = _ours(ours.GATEWAY)
EVALUATION: Final = _ours(ours.EVALUATION)
ADAPTER: Final = _ours(ours.ADAPTER)
POD: Final = Resource(group="", version="v1", plural="pods", kind="Pod")
NODE: Final = Resource(group="", version="v1", plural="nodes", kind="Node", namespaced=False)
PRIORITY_CLASS: Final = Resource(
    group="scheduling.k8s.io", version="v1", plural="priorityclasses", kind="PriorityClass", namespaced=False
)
NAMESPACE: Final = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)
SERVICE: Final = Resource(group="", version="v1", plural="services", kind="Service")
CONFIG_MAP: Final = Resource(group="", version="v1", plural="configmaps", kind="ConfigMap")
SECRET: Final = Resource(group="", version="v1", plural="secrets", kind="Secret")
SERVICE_ACCOUNT: Final = Resource(group="", version="v1", plural="serviceaccounts", kind="ServiceAccount")
VOLUME_CLAIM: Final = Resource(group="", version="v1", plural="persistentvolumeclaims", kind="PersistentVolumeClaim")
EVENT: Final = Resource(group="events.k8s.io", version="v1", plural="events", kind="Event")
DEPLOYMENT: Final = Resource(group="apps", version="v1", plural="deployments", kind="Deployment")
DAEMON_SET: Final = Resource(group="apps", version="v1", plural="daemonsets", kind="DaemonSet")
DISRUPTION_BUDGET: Final = Resource(
    group="policy", version="v1", plural="poddisruptionbudgets", kind="PodDisruptionBudget"
)
NETWORK_POLICY: Final = Resource(
    group="networking.k8s.io", version="v1", plural="networkpolicies", kind="NetworkPolicy"
)
ROLE: Final = Resource(group="rbac.authorization.k8s.io", version="v1", plural="roles", kind="Role")
ROLE_BINDING: Final = Resource(
    group="rbac.authorization.k8s.io", version="v1", plural="rolebindings", kind="RoleBinding"
)
HTTP_ROUTE: Final = Resource(group="gateway.networking.k8s.io", version="v1", plural="httproutes", kind="HTTPRoute")
LEASE: Final = Resource(group="coordination.k8s.io", version="v1", plural="leases", kind="Lease")
VALIDATING_WEBHOOK: Final = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    plural="validatingwebhookconfigurations",
    kind="ValidatingWebhookConfiguration",
    namespaced=False,
)
TOKEN_REVIEW: Final = Resource(
    group="authentication.k8s.io", version="v1", plural="tokenreviews", kind="TokenReview", namespaced=False
)
SUBJECT_ACCESS_REVIEW: Final = Resource(
    group="authorization.k8s.io",
    version="v1",
    plural="subjectaccessreviews",
    kind="SubjectAccessReview",
    namespaced=False,
)

REGISTERED: Final = (
    INFERENCE_DEPLOYMENT,
    AUTOSCALING_POLICY,
    INFERENCE_GATEWAY,
    EVALUATION,
    ADAPTER,
    POD,
    NODE,
    PRIORITY_CLASS,
    NAMESPACE,
    SERVICE,
    CONFIG_MAP,
    SECRET,
    SERVICE_ACCOUNT,
    VOLUME_CLAIM,
    EVENT,
    DEPLOYMENT,
    DAEMON_SET,
    DISRUPTION_BUDGET,
    NETWORK_POLICY,
    ROLE,
    ROLE_BINDING,
    HTTP_ROUTE,
    LEASE,
    VALIDATING_WEBHOOK,
    TOKEN_REVIEW,
    SUBJECT_ACCESS_REVIEW,
)
"""Every kind that is defined here."""

_BY_NAME: Final[Mapping[tuple[str, str], Resource]] = {(one.api_version, one.kind): one for one in REGISTERED}


class UnknownKind(ValueError):
    """A manifest of a kind that is not in `REGISTERED`."""


def of(manifest: Mapping[str, Any]) -> Resource:
    """Return the kind of a manifest, by its apiVersion and kind."""
    named = (str(manifest.get("apiVersion")), str(manifest.get("kind")))
    if named not in _BY_NAME:
        raise UnknownKind(
            f"apiVersion {named[0]!r} with kind {named[1]!r} is not known here: add it to kinds.REGISTERED"
        )
    return _BY_NAME[named]


def trimmed(manifest: Manifest) -> Manifest:
    """Drop what only takes memory: `managedFields` and kubectl's last-applied copy of the object."""
    metadata = {key: value for key, value in manifest.get("metadata", {}).items() if key != "managedFields"}
    notes = metadata.get("annotations")
    if notes and LAST_APPLIED in notes:
        metadata["annotations"] = {key: value for key, value in notes.items() if key != LAST_APPLIED}
    return manifest | {"metadata": metadata}
