"""Whether an adapter goes with a deployment's model: from its files alone, before an engine tries."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fairlead.adapting.adapter_files import EXPERTS, AdapterFacts
from fairlead.fleet.adapters import AdapterProblem, AdapterReason

HIGHEST_RANK: Final = 512
"""That `spec.engine.lora.maxRank` may have."""
_OF_HIDDEN_STATES: Final = ("q_proj", "k_proj", "v_proj", "qkv_proj", "gate_proj", "up_proj", "gate_up_proj")
"""Matrices whose inputs are the model's hidden states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterExpectation:
    """What an adapter must agree with."""

    max_rank: int
    modules: frozenset[str] | None = None
    """Names of the matrices that the engine adapts, with `experts` for those of experts; None: all that it has.

    It passes over an adapter's other matrices without a word.
    """
    bases: tuple[str, ...] = ()
    """Names of the base model that its configuration may give; empty: any."""
    hidden: int | None = None
    """Size of the model's hidden states; None if its shape is unknown."""
    layers: int | None = None


def problem(facts: AdapterFacts, expected: AdapterExpectation) -> AdapterProblem | None:
    """Return the first thing that does not agree."""
    return next(_problems(facts, expected), None)


def _problems(facts: AdapterFacts, expected: AdapterExpectation) -> Iterator[AdapterProblem]:
    if expected.bases and facts.base and facts.base not in expected.bases:
        yield AdapterProblem(
            reason=AdapterReason.OTHER_BASE,
            message=f"its base model is {facts.base[:120]}, and this deployment serves {expected.bases[0][:120]}; if "
            "it was trained on the same weights under another name, write that name in spec.baseModel",
        )
    if expected.layers is not None and facts.layers > expected.layers:
        yield AdapterProblem(
            reason=AdapterReason.OTHER_BASE,
            message=f"it changes layer {facts.layers - 1}, and the model has {expected.layers} layers, from 0 on; use "
            "an adapter of this model",
        )
    for module in _OF_HIDDEN_STATES if expected.hidden is not None else ():
        sizes = facts.inputs.get(module)
        if sizes is not None and expected.hidden not in sizes:
            yield AdapterProblem(
                reason=AdapterReason.OTHER_BASE,
                message=f"its {module} takes {max(sizes)} inputs, and the model has {expected.hidden}; use "
                "an adapter of this model",
            )
    yield from _of_rank(facts.rank, expected.max_rank)
    if facts.beyond:
        yield AdapterProblem(
            reason=AdapterReason.MODULES_REFUSED,
            message=f"besides LoRA matrices it changes {', '.join(facts.beyond[:3])[:160]}, which engines "
            "ignore; train it with LoRA matrices only",
        )
    if left_out := sorted(one for one in facts.modules if not _is_adapted(one, expected.modules)):
        yield AdapterProblem(
            reason=AdapterReason.MODULES_REFUSED,
            message=f"it changes {', '.join(left_out[:3])[:100]}, which --lora-target-modules in the deployment's "
            "extraArgs leaves out; name it there, which starts new replicas",
        )


def _of_rank(rank: int, max_rank: int) -> Iterator[AdapterProblem]:
    if rank > HIGHEST_RANK:
        yield AdapterProblem(
            reason=AdapterReason.RANK_TOO_HIGH,
            message=f"its rank is {rank}, and engines take at most {HIGHEST_RANK}; train it with a lower one",
        )
    elif rank > max_rank:
        yield AdapterProblem(
            reason=AdapterReason.RANK_TOO_HIGH,
            message=f"its rank is {rank}, and the slots have room for {max_rank}; raise "
            f"spec.engine.lora.maxRank of the deployment to {rank}, which starts new replicas",
        )


def _is_adapted(module: str, modules: frozenset[str] | None) -> bool:
    """All matrices of experts are one module of the engine."""
    return modules is None or (EXPERTS.rstrip(".") if module.startswith(EXPERTS) else module) in modules
