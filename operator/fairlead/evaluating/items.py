"""Items of an evaluation: what is sent, and what the right answer is."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.evaluating import scorers
from fairlead.evaluating.replies import ItemReply
from fairlead.evaluating.scorers import JSON_KINDS, AnswerRule

ORDER_SEED: Final = "fairlead"
CLUSTER_TAG: Final = "cluster:"
"""Prefix of the tag that names the document or conversation of an item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationItem:
    """One question with its rules."""

    name: str
    messages: tuple[Mapping[str, Any], ...]
    rules: tuple[AnswerRule, ...]
    """All of them must hold."""
    tags: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More of the request's body: tools, response format."""
    reference: str = ""
    """The expected answer as text, for a judge."""
    digest: str
    """Digest of all that its answer and score depend on."""
    unversioned: str = ""
    """The same without the scorer's version, if that is not the first."""

    @property
    def cluster(self) -> str:
        """The cluster it belongs to; empty: none."""
        return next((one.removeprefix(CLUSTER_TAG) for one in self.tags if one.startswith(CLUSTER_TAG)), "")

    @property
    def slices(self) -> tuple[str, ...]:
        """Its tags other than the cluster."""
        return tuple(one for one in self.tags if not one.startswith(CLUSTER_TAG))

    def score(self, reply: ItemReply) -> ScoredAnswer:
        """Score a reply."""
        if reply.error:
            return ScoredAnswer(right=False, error=reply.error)
        wants_json = any(one.kind in JSON_KINDS for one in self.rules)
        return ScoredAnswer(
            right=all(one.holds(reply) for one in self.rules),
            cut=reply.cut,
            empty=not reply.text and not reply.calls,
            invalid_json=wants_json and not scorers.is_json(reply),
            tokens=reply.tokens,
        )


def in_order(items: Sequence[EvaluationItem]) -> list[EvaluationItem]:
    """Shuffle, the same way every time: files are often sorted by subject, and a run may stop early."""
    return sorted(items, key=lambda one: run_position(one.name))


def run_position(name: str) -> str:
    """Sort key of an item in a run."""
    return digest_of([ORDER_SEED, name])


def set_digest(items: Sequence[EvaluationItem]) -> str:
    """Digest of a whole set, independent of its order.

    Nor does it depend on a scorer's version: a revision that was rejected by a set is tried again when the set changes,
    and an upgrade of Fairlead may start no pods.
    """
    return digest_of(sorted(one.unversioned or one.digest for one in items))


def digest_of(value: object) -> str:
    """Sixteen hexadecimal digits of a JSON value's digest."""
    written = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(written.encode(errors="replace")).hexdigest()[:16]
