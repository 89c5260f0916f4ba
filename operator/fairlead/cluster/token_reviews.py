"""Who the holder of a Kubernetes token is, and what they may get: reviewed with our own right to review others."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHolder:
    """The user that the API server authenticated."""

    username: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class ReviewClient(Protocol):
    """The API server operation that reviews use."""

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object; a review's status is in the answer, and nothing is stored."""


async def holder(client: ReviewClient, token: str) -> TokenHolder | None:
    """Return the token's holder; None if Kubernetes does not know it."""
    answer = await client.create(
        {
            "apiVersion": kinds.TOKEN_REVIEW.api_version,
            "kind": kinds.TOKEN_REVIEW.kind,
            "metadata": {},
            "spec": {"token": token},
        }
    )
    status: Mapping[str, Any] = answer.get("status") or {}
    user: Mapping[str, Any] = status.get("user") or {}
    if status.get("authenticated") is not True or not user.get("username"):
        return None
    extra = {str(key): tuple(map(str, values or ())) for key, values in (user.get("extra") or {}).items()}
    return TokenHolder(
        username=str(user["username"]),
        uid=str(user.get("uid") or ""),
        groups=tuple(map(str, user.get("groups") or ())),
        extra=extra,
    )


async def may_get(client: ReviewClient, holder: TokenHolder, resource: Resource, namespace: str) -> bool:
    """Whether they may get every object of a kind in a namespace; an empty one means in all namespaces."""
    spec: Manifest = {
        "user": holder.username,
        "uid": holder.uid,
        "groups": list(holder.groups),
        "extra": {key: list(values) for key, values in holder.extra.items()},
        "resourceAttributes": {
            "verb": "get",
            "group": resource.group,
            "version": resource.version,
            "resource": resource.plural,
            "namespace": namespace,
        },
    }
    review = kinds.SUBJECT_ACCESS_REVIEW
    answer = await client.create({"apiVersion": review.api_version, "kind": review.kind, "metadata": {}, "spec": spec})
    status: Mapping[str, Any] = answer.get("status") or {}
    return status.get("allowed") is True


def fingerprint(token: str) -> str:
    """Hash a token, so that it need not be kept."""
    return hashlib.sha256(token.encode()).hexdigest()
