"""An evaluation as its runs use it, and whether its set is large enough for a canary's margin. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from fairlead.api import amounts, deployment_conversion
from fairlead.api.evaluation import EvaluationScorer, EvaluationSpec, ScorerType
from fairlead.api.evaluation_items import EvaluationItems, SourceItems
from fairlead.api.evaluation_runner import EvaluationRunner as RunnerSpec
from fairlead.api.evaluation_runner import HarnessApi
from fairlead.comparing import answer_noise
from fairlead.comparing.sample_size import ItemPlan
from fairlead.evaluating import judge
from fairlead.evaluating.journal import RequestSettings
from fairlead.evaluating.judge import JudgeSettings
from fairlead.evaluating.scorers import ScorerKind, ScorerSettings
from fairlead.fleet.canaries import QualityLimits
from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.evaluation_runners import EvaluationRunner, RunnerProgram
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.item_sources import ClaimFile, HubFile, ImageFile, ItemSource
from fairlead.fleet.plurals import count
from fairlead.review.context import ItemCount
from fairlead.review.result import AdmissionReason

PLAIN: Final = re.compile(r"[a-z0-9][-.a-z0-9]{0,252}")
LEAST: Final = EvaluationSpec.model_fields["min_items"].default
HUB: Final = "https://huggingface.co"
DEFAULT_BRANCH: Final = "main"
_KINDS: Final[Mapping[ScorerType, ScorerKind]] = {
    ScorerType.EXACT: ScorerKind.EXACT,
    ScorerType.ONE_OF: ScorerKind.ONE_OF,
    ScorerType.CONTAINS: ScorerKind.CONTAINS,
    ScorerType.REGEX: ScorerKind.REGEX,
    ScorerType.NUMBER: ScorerKind.NUMBER,
    ScorerType.CHOICE: ScorerKind.CHOICE,
    ScorerType.JSON_SCHEMA: ScorerKind.JSON_SCHEMA,
    ScorerType.JSON_FIELD: ScorerKind.JSON_FIELD,
    ScorerType.TOOL: ScorerKind.TOOL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationPlan:
    """How an evaluation is run, whatever its items are."""

    source: ItemSource | None
    """Where the items are; None only if the stored object contradicts itself."""
    runner: EvaluationRunner
    scorer: ScorerSettings | None
    """None: the judge decides which answer is better."""
    judge: JudgeSettings | None = None
    request: RequestSettings
    concurrency: int
    min_items: int
    chance: float
    """The chance of a right answer at random; 0 if unknown."""


def plan(spec: EvaluationSpec) -> EvaluationPlan:
    """Convert an evaluation as written."""
    written = spec.scorer
    return EvaluationPlan(
        source=_source(spec.items),
        runner=_runner(spec.runner),
        scorer=_scorer(written),
        judge=_judge(written),
        request=RequestSettings(max_tokens=spec.sampling.max_tokens, seed=spec.sampling.seed),
        concurrency=spec.concurrency,
        min_items=spec.min_items,
        chance=1 / written.choices if written.choices else 0.0,
    )


def _scorer(written: EvaluationScorer) -> ScorerSettings | None:
    if written.type is ScorerType.JUDGE:
        return None
    tolerance = written.tolerance or "0"
    relative = tolerance.endswith("%")
    return ScorerSettings(
        kind=_KINDS[written.type],
        ignore_case=written.ignore_case,
        tolerance=float(tolerance.removesuffix("%")) / (100 if relative else 1),
        relative=relative,
        field=written.field or "",
    )


def _judge(scorer: EvaluationScorer) -> JudgeSettings | None:
    """Convert scorer Judge's judge; missing only if the stored object contradicts itself."""
    written = scorer.judge
    if scorer.type is not ScorerType.JUDGE or written is None:
        return None
    key = written.key_secret
    return JudgeSettings(
        url=written.url,
        model=written.model,
        instructions=written.instructions or judge.INSTRUCTIONS,
        key=SecretKey(name=key.name, key=key.key) if key is not None else None,
    )


def _source(items: EvaluationItems) -> ItemSource | None:
    """Take the first of several, which the schema refuses."""
    if items.config_map is not None:
        return ConfigMapKey(name=items.config_map.name, key=items.config_map.key)
    if items.persistent_volume_claim is not None:
        claim = items.persistent_volume_claim
        return ClaimFile(claim=claim.claim_name, path=claim.path)
    return _fetched(items.source) if items.source is not None else None


def _fetched(written: SourceItems) -> ItemSource:
    scheme, _, location = written.url.partition("://")
    if scheme == "oci":
        secrets = tuple(one.name for one in written.image_pull_secrets)
        return ImageFile(reference=location, path=written.path, pull_secrets=secrets)
    token = written.token_secret
    return HubFile(
        repository=location,
        path=written.path,
        revision=written.revision or DEFAULT_BRANCH,
        endpoint=written.endpoint or HUB,
        token=SecretKey(name=token.name, key=token.key) if token else None,
    )


def _runner(written: RunnerSpec) -> EvaluationRunner:
    program = RunnerProgram(
        image=written.image or "",
        command=written.command,
        args=written.args,
        env=tuple((one.name, one.value) for one in written.env if one.value is not None),
        env_from=tuple(found for one in written.env if (found := deployment_conversion.env_from_of(one)) is not None),
        pull_secrets=tuple(one.name for one in written.image_pull_secrets),
        cpu=written.resources.cpu,
        memory=written.resources.memory,
        deadline_seconds=max(1, ceil(amounts.seconds(written.deadline))),
    )
    return EvaluationRunner(
        kind=written.type,
        program=program,
        task=written.task or "",
        chat=written.api is HarnessApi.CHAT,
        metric=written.metric or "",
    )


def named(document: Mapping[str, Any]) -> str | None:
    """Return the evaluation named by the canary of a deployment or an adapter, whatever else is wrong with it."""
    for way in (("rollout", "canary"), ("canary",)):
        found: object = document
        for key in ("spec", *way, "quality", "evaluation"):
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, str) and PLAIN.fullmatch(found):
            return found
    return None


def count_of(document: Mapping[str, Any] | None) -> ItemCount | None:
    """Return how many items an evaluation's status counts; None if they were never read."""
    items = _whole(document, "status", "items")
    least = _whole(document, "spec", "minItems")
    return None if items is None else ItemCount(items, LEAST if least is None else least)


def _whole(document: Mapping[str, Any] | None, part: str, name: str) -> int | None:
    """Read a number of a stored object."""
    held = document.get(part) if document else None
    found = held.get(name) if isinstance(held, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def size_refusal(quality: QualityLimits, size: ItemCount, field: str) -> SpecRefusal | None:
    """Refuse a set too small to pass even a candidate with the same answers as the baseline."""
    items, least = size
    found = answer_noise.refusal(items, ItemPlan(margin=quality.margin, discordance=0.0))
    if found is None:
        return None if items >= least else _below_least(quality, size, f"{field}.evaluation")
    more = "no number of items suffices" if found.needed is None else f"that needs {found.needed:,}"
    return SpecRefusal(
        field=f"{field}.margin",
        value=f"{100 * quality.margin:g}",
        reason=AdmissionReason.TOO_FEW_ITEMS,
        because=f"Evaluation {quality.evaluation} has {count(items, 'item')}, too few to show so small a difference "
        f"even where no answer differs; {more}",
        remedy="add items, or widen the margin: `fairlead evaluate plan` has the numbers",
    )


def _below_least(quality: QualityLimits, size: ItemCount, field: str) -> SpecRefusal:
    """Refuse a set large enough for the margin, but not for the evaluation's own minimum."""
    items, least = size
    return SpecRefusal(
        field=field,
        value=quality.evaluation,
        reason=AdmissionReason.TOO_FEW_ITEMS,
        because=f"it has {count(items, 'item')} and its spec.minItems is {least:,}, so gate Quality could never pass",
        remedy=f"add {count(least - items, 'item')}, or set spec.minItems of the Evaluation to {items:,}",
    )
