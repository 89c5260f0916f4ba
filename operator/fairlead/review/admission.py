"""The review of an object before it is stored: it is read, converted, checked by its engine's rules, and sized.

The webhook, the reconcile and the command line all report this review. Pure: it reads nothing else.
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, TypeVar

from fairlead.api import (
    adapter_conversion,
    deployment_conversion,
    gateway_conversion,
    kinds,
    object_reader,
    policy_conversion,
)
from fairlead.api.kinds import Kind
from fairlead.api.object_reader import ParsedObject
from fairlead.api.read_problems import ABSENT, HIDDEN, SECRET_PATTERN, value_text
from fairlead.engines import catalogue as engines
from fairlead.engines.extra_args import FIELD as EXTRA_ARGS
from fairlead.fleet.adapters import ServedAdapter
from fairlead.fleet.findings import SpecFinding, SpecRefusal, SpecWarning
from fairlead.fleet.fit import FitCheck
from fairlead.fleet.gateways import DesiredDeployment, DesiredGateway
from fairlead.review import (
    adapter_folders,
    canaries,
    canary_gates,
    deprecated_fields,
    drafts,
    durations,
    empty_budgets,
    engine_tls,
    gateway_membership,
    gateway_review,
    gpu_parts,
    host_cache,
    ineffective_limits,
    memory_fit,
    memory_limits,
    missing_units,
    moving_images,
    offloaded_weights,
    open_routers,
    order_annotation,
    policies,
    pre_pull,
    references,
    schedules,
    tenant_claims,
    tolerations,
)
from fairlead.review.context import ReviewContext
from fairlead.review.references import Reference
from fairlead.review.result import AdmissionReason, Review
from fairlead.scaling.lint import policy_lint, policy_refusals

KINDS: Final[dict[str, Kind[Any]]] = {kind.name: kind for kind in kinds.KINDS}

_TRIED: Final = (kinds.DEPLOYMENT, kinds.ADAPTER)
"""Kinds that canaries try, and that people give orders about."""
_LONGEST_NAME: Final = 63

R = TypeVar("R", bound=SpecFinding)


def review(document: object, context: ReviewContext) -> Review:
    """Return all refusals and warnings of one object."""
    kind_name = document.get("kind") if isinstance(document, dict) else None
    kind = KINDS.get(kind_name) if isinstance(kind_name, str) else None
    if kind is None:
        refusal = _no_such_kind(kind_name)
        return Review(kind=refusal.value, refusals=(refusal,))
    read = object_reader.read_strict(document, kind)
    if read.value is None:
        return Review(kind=kind.name, name=_written_name(document), refusals=read.problems)
    review = Review(
        kind=kind.name,
        namespace=read.value.namespace,
        name=read.value.name,
        refusals=tuple(_unnamed(document)),
        warnings=(
            *(order_annotation.warnings(document) if kind in _TRIED else ()),
            *deprecated_fields.warnings(read.value.spec),
        ),
    )
    if kind is not kinds.DEPLOYMENT:
        return _beside_deployments(review, kind, read.value, context)
    deployment = deployment_conversion.deployment(read.value, context.releases)
    review = replace(
        review,
        refusals=(*review.refusals, *canaries.count_refusals(deployment), *canaries.item_refusals(deployment, context)),
    )
    return _naming(_engine_review(review, deployment, context), references.of_deployment(deployment), context)


def _written_name(document: object) -> str:
    """The name of an object that cannot be read, so that those of one file can be told apart."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name[:_LONGEST_NAME] if isinstance(name, str) and name.isprintable() else ""


def _beside_deployments(review: Review, kind: Kind[Any], written: ParsedObject[Any], context: ReviewContext) -> Review:
    """Review an object that deployments name, or that names them."""
    if kind is kinds.GATEWAY:
        gateway = gateway_conversion.gateway(written)
        return _naming(_gateway_review(review, gateway), references.of_gateway(gateway), context)
    if kind is kinds.EVALUATION:
        return _naming(review, references.of_evaluation(written.spec, review.namespace), context)
    if kind is kinds.ADAPTER:
        return _adapter_review(review, adapter_conversion.adapter(written), context)
    policy = policy_conversion.policy(written.spec)
    review = replace(
        review,
        refusals=(
            *review.refusals,
            *schedules.refusals(policy.schedules, context.time_zones),
            *policy_refusals.refusals(policy),
        ),
        warnings=tuple(policy_lint.policy_warnings(policy)),
    )
    return _naming(review, references.of_policy(policy, review.namespace), context)


def _adapter_review(review: Review, adapter: ServedAdapter, context: ReviewContext) -> Review:
    refused, warnings = canary_gates.of_adapter(adapter, context)
    review = replace(review, refusals=(*review.refusals, *refused), warnings=(*review.warnings, *warnings))
    return _naming(review, references.of_adapter(adapter), context)


def stored(document: DesiredDeployment, context: ReviewContext) -> Review:
    """Review a deployment that is stored and could be read; references are reviewed separately."""
    revision = document.revision
    return _engine_review(
        Review(kind=kinds.DEPLOYMENT.name, namespace=revision.namespace, name=revision.name), document, context
    )


def _gateway_review(review: Review, gateway: DesiredGateway) -> Review:
    """Add the findings about routes and settings of a gateway."""
    served = frozenset(one.name for one in gateway.routes.routes)
    return replace(
        review,
        refusals=(*review.refusals, *gateway_review.refusals(gateway)),
        warnings=(
            *review.warnings,
            *gateway_review.warnings(gateway),
            *gateway_review.unserved(gateway, served),
        ),
        gateway=gateway,
    )


def _naming(review: Review, named: Iterable[Reference], context: ReviewContext) -> Review:
    """Add the objects it names, and a refusal for each that was looked up and not found."""
    every = tuple(named)
    return replace(review, named=every, refusals=(*review.refusals, *references.lost(every, context)))


def _engine_review(review: Review, deployment: DesiredDeployment, context: ReviewContext) -> Review:
    """Add the findings of the engine's rules and of the memory fit."""
    review = replace(
        review,
        refusals=(
            *review.refusals,
            *canaries.refusals(deployment),
            *gateway_membership.refusals(deployment),
            *adapter_folders.refusals(deployment.revision),
            *gpu_parts.refusals(deployment.revision),
            *ineffective_limits.refusals(deployment),
            *tenant_claims.of_deployment(deployment),
            *tolerations.of_deployment(deployment),
        ),
        warnings=(*review.warnings, *_warnings(deployment, context)),
    )
    revision = deployment.revision
    engine = engines.describe(revision.engine.kind)
    if isinstance(engine, SpecRefusal):
        return replace(review, refusals=(*review.refusals, engine))
    setup, shape = memory_fit.engine_inputs(revision, context)
    fit = memory_fit.fit(setup, shape, engine, context)
    setup, kept = memory_fit.with_sizes(setup, fit), engine.memory_settings(setup).host_cache
    refused, unfit = (*engine.refusals(setup), *drafts.refusals(setup)), tuple(memory_fit.fit_refusals(setup, fit))
    accepted = tuple(map(memory_fit.overruled, unfit)) if deployment.fit_check is FitCheck.WARN else ()
    return replace(
        review,
        refusals=tuple(_discreet(one) for one in (*review.refusals, *refused, *(() if accepted else unfit))),
        warnings=tuple(
            _discreet(one)
            for one in (
                *review.warnings,
                *engine.warnings(setup),
                *drafts.warnings(setup),
                *memory_fit.shape_warnings(setup),
                *memory_fit.fit_warnings(setup, fit, refused, context),
                *accepted,
                *memory_limits.of_engine(setup, fit, kept),
                *offloaded_weights.warnings(setup, fit),
                *host_cache.warnings(setup, fit, kept),
            )
        ),
        fit=fit,
        engine=engine,
        setup=setup,
        drain=deployment.drain,
        progress_deadline_seconds=deployment.rollout.progress_deadline_seconds,
        router=deployment.router,
        first_token_seconds=policies.first_token_seconds(deployment, context),
    )


def _warnings(deployment: DesiredDeployment, context: ReviewContext) -> Iterator[SpecWarning]:
    """Yield warnings that do not depend on the engine."""
    yield from ineffective_limits.warnings(deployment, context)
    yield from ineffective_limits.without_adapter(deployment)
    yield from ineffective_limits.without_objective(deployment, context)
    yield from durations.warnings(deployment, context)
    yield from engine_tls.of_deployment(deployment)
    yield from open_routers.of_deployment(deployment)
    yield from empty_budgets.of_deployment(deployment)
    yield from pre_pull.warnings(deployment)
    yield from memory_limits.of_deployment(deployment)
    yield from missing_units.of_deployment(deployment)
    yield from moving_images.warnings(deployment.revision.engine)
    yield from policies.warnings(deployment, context)
    yield from gateway_membership.warnings(deployment, context)
    yield from canaries.warnings(deployment)


def _discreet(finding: R) -> R:
    """Remove what may be a secret: a bare value among the extra arguments, or text like a token."""
    bare = finding.field.startswith(EXTRA_ARGS) and not finding.value.startswith("-")
    return replace(
        finding,
        value=HIDDEN if bare or SECRET_PATTERN.search(finding.value) else finding.value,
        because=SECRET_PATTERN.sub(HIDDEN, finding.because),
    )


def _unnamed(document: object) -> Iterator[SpecRefusal]:
    """Refuse an object with neither a name nor a generateName, for which the API server makes up none."""
    facts = document.get("metadata") if isinstance(document, dict) else None
    given = facts if isinstance(facts, dict) else {}
    if not any(isinstance(given.get(field), str) and given[field] for field in ("name", "generateName")):
        yield SpecRefusal(
            field="metadata.name",
            value=ABSENT,
            reason=AdmissionReason.NO_NAME,
            because="every object needs a name",
            remedy="add metadata.name, for instance chat",
        )


def _no_such_kind(kind_name: object) -> SpecRefusal:
    """Refuse an unknown kind; a kind that is no string is not shown: it may be large, or contain itself."""
    value = value_text(kind_name, ("kind",)) if isinstance(kind_name, str) else ABSENT
    near = difflib.get_close_matches(value, KINDS, n=1)
    return SpecRefusal(
        field="kind",
        value=value,
        reason=AdmissionReason.NO_SUCH_KIND,
        because=f"Fairlead knows {', '.join(KINDS)}",
        remedy=f"write kind: {near[0] if near else next(iter(KINDS))}",
    )
