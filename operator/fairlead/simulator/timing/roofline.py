"""Step times without any fit: the data sheet's rates and the shares of them that engines usually reach.

The shares are those that `sizing.replica_supply` plans with; the seconds are round figures of the order of kernel
launches and synchronisation. They were fixed before any measurement was used, except the surcharge of layers with
experts, latent or recurrent attention: 10 µs each, after a first fit had shown that such layers take longer.
"""

from typing import Final

from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.sizing import links

_BANDWIDTH: Final = 0.65
_ARITHMETIC: Final = 0.5

ASSUMED: Final = StepEfficiency(
    weights=_BANDWIDTH,
    experts=_BANDWIDTH,
    cache=_BANDWIDTH,
    compute=_ARITHMETIC,
    attention=_ARITHMETIC,
    decode_attention=_ARITHMETIC,
    link=1.0,
    step_s=1e-3,
    layer_s=10e-6,
    expert_layer_s=10e-6,
    mixer_layer_s=10e-6,
    sum_s=links.NVLINK.start_s,
    exchange_s=2 * links.NVLINK.start_s,
    sequence_s=5e-6,
    mixed_s=1e-3,
)

ORIGIN: Final = Provenance(
    level=ProvenanceLevel.ROOFLINE,
    source="data sheet rates; 65 % of bandwidth, 50 % of arithmetic, 1 ms a step and 10 to 30 µs a layer are assumed",
)
