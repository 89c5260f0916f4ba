"""Every setup that vLLM would refuse and our table does, by name: what real vLLM is held against."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.findings import SpecRefusal
from tests.engines import (
    refused,
    refused_by_release,
    refused_extras,
    refused_scales,
    refused_spread,
    refused_together,
    refused_values,
)

REFUSED: Final[dict[str, tuple[EngineSetup, tuple[SpecRefusal, ...]]]] = {
    **refused.FORMATS,
    **refused_scales.SCALES,
    **refused.CACHES,
    **refused_extras.EXTRAS,
    **refused_extras.CONVERSATIONS,
    **refused_spread.SPREAD,
    **refused_together.GUESSES,
    **refused_together.LIMITS,
    **refused_values.VALUES,
    **refused_by_release.TOGETHER,
}
