"""Conversion of an Adapter into the value that other packages use."""

from fairlead.api import canary_conversion
from fairlead.api.adapter import AdapterSpec
from fairlead.api.deployment_conversion import source
from fairlead.api.object_reader import ParsedObject
from fairlead.fleet.adapters import AdapterEdition, ServedAdapter


def adapter(written: ParsedObject[AdapterSpec]) -> ServedAdapter:
    """Convert a whole Adapter."""
    spec = written.spec
    return ServedAdapter(
        namespace=written.namespace,
        name=written.name,
        deployment=spec.deployment,
        served_name=spec.served_name or written.name,
        base_model=spec.base_model,
        replicas=spec.replicas,
        editions=tuple(
            AdapterEdition(digest=one.digest, source=source(one.source, one.revision), traffic=one.share)
            for one in spec.versions
        ),
        canary=canary_conversion.of_adapter(spec.canary) if spec.canary else None,
    )
