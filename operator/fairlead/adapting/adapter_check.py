"""Whether an adapter goes with a deployment's model: from its files alone, before an engine tries."""

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.adapting.adapter_files import AdapterFacts
from fairlead.fleet.adapters import AdapterProblem, AdapterReason

_OF_HIDDEN_STATES = ("q_proj", "k_proj", "v_proj", "qkv_proj", "gate_proj", "up_proj", "gate_up_proj")
"""Matrices whose inputs are the model's hidden states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterExpectation:
    """What an adapter must agree with."""

    max_rank: int
    bases: tuple[str, ...] = ()
    """Names of the base model that its configuration may give; empty: any."""
    hidden: int | None = None
    """Size of the model's hidden states; None if its shape is unknown."""
    layers: int | None = None


def problem(found: AdapterFacts, expected: AdapterExpectation) -> AdapterProblem | None:
    """Return the first thing that does not agree."""
    return next(_problems(found, expected), None)


def _problems(found: AdapterFacts, expected: AdapterExpectation) -> Iterator[AdapterProblem]:
    if expected.bases and found.base and found.base not in expected.bases:
        yield AdapterProblem(
            reason=AdapterReason.OTHER_BASE,
            message=f"its base model is {found.base[:120]}, and this deployment serves {expected.bases[0][:120]}; if "
            "it was trained on the same weights under another name, write that name in spec.baseModel",
        )
    if expected.layers is not None and found.layers > expected.layers:
        yield AdapterProblem(
            reason=AdapterReason.OTHER_BASE,
            message=f"it changes layer {found.layers - 1}, and the model has {expected.layers} layers, from 0 on; use "
            "an adapter of this model",
        )
    for module in _OF_HIDDEN_STATES if expected.hidden is not None else ():
        sizes = found.inputs.get(module)
        if sizes is not None and expected.hidden not in sizes:
            yield AdapterProblem(
                reason=AdapterReason.OTHER_BASE,
                message=f"its {module} takes {max(sizes)} inputs, and the model has {expected.hidden}; use "
                "an adapter of this model",
            )
    if found.rank > expected.max_rank:
        yield AdapterProblem(
            reason=AdapterReason.RANK_TOO_HIGH,
            message=f"its rank is {found.rank}, and the slots have room for {expected.max_rank}; raise "
            f"spec.engine.lora.maxRank of the deployment to {found.rank}, which starts new replicas",
        )
    if found.beyond:
        yield AdapterProblem(
            reason=AdapterReason.MODULES_REFUSED,
            message=f"besides LoRA matrices it changes {', '.join(found.beyond[:3])[:160]}, which engines "
            "ignore; train it with LoRA matrices only",
        )
