"""What drafting adds to a step beyond the tokens that the target verifies: passes of a draft, or host time."""

from dataclasses import dataclass, fields, replace
from typing import Final

from fairlead.fleet.draft_cost import DraftLookup
from fairlead.simulator.engine.batch import DecodeLine
from fairlead.simulator.timing import formula, step_work
from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.step_work import StepWork
from fairlead.sizing import draft_heads
from fairlead.sizing.sizing_input import DraftSetup, SizingInput

_RATES: Final = ("bandwidth", "linear_rate", "attention_rate", "link_rate", "expert_missed", "expert_ranks")
"""Fields of a step's work that are the same for part of the layers as for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedStep:
    """What drafting adds to one step."""

    work: StepWork | None = None
    """Work of one pass of the draft; None for a lookup, whose host time every step takes, drafting or not."""
    passes: int = 0
    """Passes run one after another: each token needs the one before."""
    pass_s: float = 0.0
    """The least time of a pass: the host's time to launch it."""
    lookup: DraftLookup | None = None
    head: bool = False
    """Whether the draft is an EAGLE-3 head, whose passes a sweep can measure."""

    def of_passes(self, efficiency: StepEfficiency, sequences: int) -> DecodeLine:
        """Return the line of all passes; the step that they belong to is scheduled once."""
        if self.work is None:
            return DecodeLine(0.0, 0.0)
        shared = formula.shared_s(self.work, efficiency, sequences) - efficiency.step_s
        base = shared + sequences * formula.sequence_s(self.work, efficiency)
        slope = formula.context_token_s(self.work, efficiency, 1)
        return DecodeLine(self.passes * max(base, self.pass_s), self.passes * slope)

    def on_host(self, sequences: int) -> float:
        """Return seconds that no GPU shortens: those of a lookup."""
        return self.lookup.seconds(sequences) if self.lookup else 0.0


def of(sizing: SizingInput) -> DraftedStep | None:
    """Return the deployment's drafting; a draft of unknown shape counts as one target layer and an output head."""
    drafting = sizing.drafting
    if not drafting.tokens:
        return None
    if drafting.lookup:
        return DraftedStep(lookup=drafting.lookup)
    if drafting.head:
        own = draft_heads.layer(sizing.shape) + draft_heads.output(sizing.shape)
        return DraftedStep(work=_layer(sizing, own), passes=drafting.tokens, head=True)
    if drafting.model is None or drafting.mtp:
        return DraftedStep(work=_heads(sizing), passes=drafting.tokens, pass_s=drafting.pass_s)
    alone = replace(sizing, shape=drafting.model, weights=None, drafting=DraftSetup(), adapters=())
    return DraftedStep(work=step_work.of(alone), passes=drafting.tokens, pass_s=drafting.pass_s)


def _heads(sizing: SizingInput) -> StepWork:
    """Return one layer of the target plus its output head."""
    whole, layers = step_work.of(sizing), sizing.shape.layers
    numbers = sizing.shape.padded_vocab * sizing.shape.hidden / sizing.parallelism.tensor
    head_bytes, head_operations = numbers * sizing.dtype_bytes, 2 * numbers
    return replace(
        _share(whole, layers),
        dense_bytes=(whole.dense_bytes - head_bytes) / layers + head_bytes,
        dense_operations=(whole.dense_operations - head_operations) / layers + head_operations,
    )


def _layer(sizing: SizingInput, numbers: int) -> StepWork:
    """Return a dense layer with this many numbers, which attends as a layer of the target does."""
    each = numbers / sizing.parallelism.tensor
    return replace(
        _share(step_work.of(sizing), sizing.shape.layers),
        dense_bytes=each * sizing.dtype_bytes,
        dense_operations=2 * each,
        expert_bytes=0.0,
        expert_operations=0.0,
        exchanges=0.0,
        expert_layers=0.0,
    )


def _share(whole: StepWork, layers: int) -> StepWork:
    return replace(
        whole, **{one.name: getattr(whole, one.name) / layers for one in fields(whole) if one.name not in _RATES}
    )
