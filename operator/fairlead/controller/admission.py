"""What is to be said of an object before it is let in: read, converted, asked of the engine, and sized.

The webhook, the reconcile and the command line all say what this says. Pure: it looks nothing up.
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, TypeVar

from fairlead.api import into_gateways, into_policies, into_wanted, kinds, reading
from fairlead.api.kinds import Kind
from fairlead.api.problems import ABSENT, HIDDEN, SECRET_LOOK, shown
from fairlead.controller import drafts, durations, fitting, policies, references, schedules, unbuilt, unserved
from fairlead.controller.known import Known
from fairlead.controller.references import Reference
from fairlead.controller.review import AdmissionReason, Review
from fairlead.engines import catalogue as engines
from fairlead.engines.extra_args import FIELD as EXTRA_ARGS
from fairlead.fleet.gateways import WantedDeployment
from fairlead.fleet.refusals import Caution, Refusal, Remark
from fairlead.scaling import linting

KINDS: Final[dict[str, Kind[Any]]] = {kind.name: kind for kind in kinds.KINDS}

R = TypeVar("R", bound=Remark)


def review(document: object, known: Known) -> Review:
    """Everything there is to say about one object."""
    said = document.get("kind") if isinstance(document, dict) else None
    kind = KINDS.get(said) if isinstance(said, str) else None
    if kind is None:
        no = _no_such_kind(said)
        return Review(kind=no.value, refusals=(no,))
    read = reading.read_strict(document, kind)
    if read.value is None:
        return Review(kind=kind.name, refusals=read.problems)
    named = Review(
        kind=kind.name,
        namespace=read.value.namespace,
        name=read.value.name,
        refusals=tuple(_unnamed(document)),
    )
    if kind is kinds.GATEWAY:
        gateway = into_gateways.gateway(read.value).gateway
        named = replace(named, cautions=tuple(unbuilt.of_gateway(gateway)))
        return _naming(named, references.of_gateway(gateway), known)
    if kind is kinds.POLICY:
        policy = into_policies.policy(read.value.spec)
        named = replace(
            named,
            refusals=(
                *named.refusals,
                *schedules.refusals(policy.schedules, known.time_zones),
                *linting.refusals(policy),
            ),
            cautions=tuple(linting.cautions(policy)),
        )
        return _naming(named, references.of_policy(policy, named.namespace), known)
    wanted = into_wanted.deployment(read.value, known.releases)
    return _naming(_judged(named, wanted, known), references.of_deployment(wanted), known)


def stored(document: WantedDeployment, known: Known) -> Review:
    """What is said of a deployment that the API server holds and that could be read; references are judged apart."""
    wanted = document.wanted
    return _judged(Review(kind=kinds.DEPLOYMENT.name, namespace=wanted.namespace, name=wanted.name), document, known)


def _naming(review: Review, named: Iterable[Reference], known: Known) -> Review:
    """With the objects it names, and a refusal for each that somebody looked for and did not find."""
    every = tuple(named)
    return replace(review, named=every, refusals=(*review.refusals, *references.lost(every, known)))


def _judged(named: Review, deployment: WantedDeployment, known: Known) -> Review:
    """What the engine and the arithmetic of memory say."""
    named = replace(
        named,
        refusals=(*named.refusals, *unbuilt.refusals(deployment), *unserved.refusals(deployment)),
        cautions=(*named.cautions, *_told(deployment, known)),
    )
    wanted = deployment.wanted
    engine = engines.describe(wanted.engine.kind)
    if isinstance(engine, Refusal):
        return replace(named, refusals=(*named.refusals, engine))
    asked, shape = fitting.asked(wanted, known)
    fit = fitting.fit(asked, shape, engine, known)
    refused = (*engine.refusals(asked), *drafts.refusals(asked))
    return replace(
        named,
        refusals=tuple(_discreet(one) for one in (*named.refusals, *refused, *fitting.unfit(asked, fit))),
        cautions=tuple(
            _discreet(one)
            for one in (
                *named.cautions,
                *engine.cautions(asked),
                *drafts.cautions(asked),
                *fitting.misstated(asked),
                *fitting.doubtful(asked, fit, refused, known),
            )
        ),
        fit=fit,
        engine=engine,
        asked=asked,
        drain=deployment.drain,
        door=deployment.door,
    )


def _told(deployment: WantedDeployment, known: Known) -> Iterator[Caution]:
    """What is said whatever engine it is."""
    yield from unserved.cautions(deployment)
    yield from durations.cautions(deployment, known)
    yield from policies.cautions(deployment, known)


def _discreet(remark: R) -> R:
    """Without what may be a secret: a bare value among the extra arguments, or what looks like a token."""
    bare = remark.field.startswith(EXTRA_ARGS) and not remark.value.startswith("-")
    return replace(
        remark,
        value=HIDDEN if bare or SECRET_LOOK.search(remark.value) else remark.value,
        because=SECRET_LOOK.sub(HIDDEN, remark.because),
    )


def _unnamed(document: object) -> Iterator[Refusal]:
    """The server gives a name only to whoever asks for one."""
    facts = document.get("metadata") if isinstance(document, dict) else None
    given = facts if isinstance(facts, dict) else {}
    if not any(isinstance(given.get(field), str) and given[field] for field in ("name", "generateName")):
        yield Refusal(
            field="metadata.name",
            value=ABSENT,
            reason=AdmissionReason.NO_NAME,
            because="every object needs a name",
            remedy="add metadata.name, for instance chat",
        )


def _no_such_kind(said: object) -> Refusal:
    """What is no text is not shown: it may be large, or hold itself."""
    value = shown(said, ("kind",)) if isinstance(said, str) else ABSENT
    near = difflib.get_close_matches(value, KINDS, n=1)
    return Refusal(
        field="kind",
        value=value,
        reason=AdmissionReason.NO_SUCH_KIND,
        because=f"Fairlead knows {', '.join(KINDS)}",
        remedy=f"write kind: {near[0] if near else next(iter(KINDS))}",
    )
