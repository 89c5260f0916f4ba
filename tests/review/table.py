"""Bad inputs, and which layer refuses each."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from fairlead.api.kinds import API_VERSION, DEPLOYMENT, GATEWAY, POLICY, Kind
from fairlead.api.read_problems import ReadReason
from fairlead.cluster import documents, package_data
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.findings import FindingReason, SpecFinding
from fairlead.review import admission
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.references import ReferenceReason
from fairlead.review.result import AdmissionReason
from fairlead.review.schedules import ScheduleReason
from fairlead.scaling.lint.lint_reasons import LintReason
from tests.api.bad import LEAST

Object = dict[str, Any]

SAMPLES: Final = sorted((Path(__file__).parents[2] / "manifests" / "samples").glob("*.yaml"))


class Layer(IntEnum):
    """Who refuses, in order."""

    YAML = 0
    BOUNDS = 1
    READING = 2
    SCHEMA = 3
    CEL = 4
    ENGINE = 5
    SIZING = 6
    REFERENCES = 7


@dataclass(frozen=True, kw_only=True)
class Row:
    """One bad input."""

    story: str
    given: Object | str
    """An object, or the text of a file."""
    layer: Layer
    """Who refuses it first."""
    at: str
    wording: str
    """Words of the rule or the remedy."""
    covers: int = 0
    """Its number among the forty of the reference, or none."""
    there: str = ""
    """The API server's message where its schema words it differently."""
    short: str = ""
    """The input in short, for the page; without it the field and its value are enough."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One message about an input."""

    layer: Layer
    field: str
    value: str
    because: str
    remedy: str

    @property
    def sentence(self) -> str:
        return f"{self.field}: {self.value}: {self.because}; {self.remedy}"


_SCHEMA: Final = (
    *(ReadReason.UNKNOWN_FIELD, ReadReason.MISSING_FIELD, ReadReason.WRONG_TYPE),
    *(ReadReason.NOT_ALLOWED, ReadReason.OUT_OF_RANGE, ReadReason.DUPLICATE),
)
_READING: Final = (
    *(ReadReason.NOT_AN_OBJECT, ReadReason.WRONG_KIND),
    *(AdmissionReason.NO_SUCH_KIND, AdmissionReason.NO_NAME),
    *(AdmissionReason.NOT_SERVED, AdmissionReason.NOT_AVAILABLE),
    *(AdmissionReason.REFUSED_BY_KUBERNETES, AdmissionReason.TOO_FEW_REPLICAS, AdmissionReason.ABOVE_ITS_REPLICAS),
    *(AdmissionReason.TOO_FEW_ITEMS, AdmissionReason.WITHOUT_EVALUATION),
    *(AdmissionReason.NOT_ALLOWED, AdmissionReason.NO_SUCH_NAME, AdmissionReason.BAD_EXPRESSION),
    *ScheduleReason,
    *(LintReason.NEVER_FIRES, LintReason.ALWAYS_FIRES),
)
_REASONS: Final[tuple[tuple[Layer, tuple[FindingReason, ...]], ...]] = (
    (Layer.BOUNDS, (ReadReason.TOO_LARGE, ReadReason.NOT_JSON)),
    (Layer.READING, _READING),
    (Layer.SCHEMA, _SCHEMA),
    (Layer.CEL, (ReadReason.MALFORMED, ReadReason.CONTRADICTION, ReadReason.BAD_NAME)),
    (Layer.ENGINE, tuple(EngineReason)),
    (Layer.SIZING, (AdmissionReason.DOES_NOT_FIT, AdmissionReason.DRAFT_TOO_LARGE)),
    (Layer.REFERENCES, tuple(ReferenceReason)),
)
LAYERS: Final = {(type(reason), reason): layer for layer, reasons in _REASONS for reason in reasons}
"""By class and value: two packages may use one word, and words of one spelling are equal."""

CONTEXT: Final = ReviewContext(
    catalogue=package_data.load_catalogue(),
    objects=frozenset({ObjectKey("InferenceDeployment", "default", "a"), ObjectKey("Secret", "default", "k")}),
    time_zones=frozenset({"UTC", "Europe/Berlin", "Europe/Vienna"}),
)
"""A cluster with one deployment and one Secret."""


def written(kind: Kind[Any], spec: object, name: str = "bad") -> Object:
    """An object of this kind with this spec."""
    return {"apiVersion": API_VERSION, "kind": kind.name, "metadata": {"name": name}, "spec": spec}


def deployment(**changed: object) -> Object:
    """The minimal deployment, with some fields changed."""
    return written(DEPLOYMENT, LEAST | changed)


def engine(**changed: object) -> Object:
    """The minimal deployment with these engine settings."""
    return deployment(engine=changed)


def policy(**spec: object) -> Object:
    """A policy."""
    return written(POLICY, spec)


def gateway(**spec: object) -> Object:
    """A gateway."""
    return written(GATEWAY, spec)


def findings_of(given: Object | str, context: ReviewContext = CONTEXT) -> list[Finding]:
    """All refusals of the pure layers, in their order."""
    if isinstance(given, dict):
        return list(_findings(admission.review(given, context).refusals))
    found: list[Finding] = []
    for one in documents.of_text(given, "file.yaml"):
        if one.problem:
            words, _, remedy = one.problem.partition("; ")
            found.append(Finding(layer=Layer.YAML, field="", value=one.place, because=words, remedy=remedy))
        else:
            found += _findings(admission.review(one.content, context).refusals)
    return found


def _findings(refusals: Iterable[SpecFinding]) -> Iterable[Finding]:
    for one in refusals:
        yield Finding(
            layer=LAYERS[type(one.reason), one.reason],
            field=one.field,
            value=one.value,
            because=one.because,
            remedy=one.remedy,
        )
