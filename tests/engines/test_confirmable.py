"""What real vLLM cannot confirm on a machine without a GPU is listed with its reason, before anyone starts it there."""

from typing import Final

from fairlead.engines.reasons import EngineReason as Why
from tests.engines.refusal_tables import REFUSED
from tests.vllm.beyond import CAPABILITY, NEEDS_A_GPU, OURS

OF_THE_GPU: Final = {Why.FORMAT_NEEDS_CAPABILITY, Why.DTYPE_NEEDS_CAPABILITY, Why.KV_FORMAT_NEEDS_CAPABILITY}


def test_a_refusal_for_what_the_gpu_cannot_compute_is_confirmed_beside_such_a_gpu_only() -> None:
    needing = {name for name, (_, found) in REFUSED.items() if {one.reason for one in found} & OF_THE_GPU}
    assert {name: NEEDS_A_GPU.get(name) for name in needing} == dict.fromkeys(needing, CAPABILITY)


def test_what_is_listed_as_not_confirmable_is_refused_somewhere() -> None:
    assert {**NEEDS_A_GPU, **OURS}.keys() <= REFUSED.keys()
