"""Fields that have a new name: they work during one release, and people are warned of them. Pure."""

from collections.abc import Iterator

from fairlead.api.api_model import ApiModel
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.router_spec import RouterSpec
from fairlead.fleet.findings import SpecWarning
from fairlead.review.result import AdmissionReason


def warnings(spec: ApiModel) -> Iterator[SpecWarning]:
    """Warn of each old name in the spec of a deployment or a gateway."""
    router, above = (spec.router, "spec.router") if isinstance(spec, InferenceDeploymentSpec) else (spec, "spec")
    if isinstance(router, RouterSpec) and router.door is not None:
        yield SpecWarning(
            field=f"{above}.door",
            value="an object",
            reason=AdmissionReason.DEPRECATED,
            because="this is the old name of connections; the next release no longer reads it, and other messages say "
            "connections",
            remedy=f"rename it to {above}.connections",
        )
