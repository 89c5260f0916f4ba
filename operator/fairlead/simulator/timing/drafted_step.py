"""What drafting adds to a step beyond the tokens that the target verifies: passes of a draft, or host time."""

from dataclasses import dataclass, fields, replace
from typing import Final

from fairlead.fleet.draft_cost import DraftLookup
from fairlead.simulator.engine.batch import DecodeLine
from fairlead.simulator.timing import formula, step_work
from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.step_work import StepWork
from fairlead.sizing import weights
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

    def of_passes(self, reached: StepEfficiency, sequences: int) -> DecodeLine:
        """Return the line of all passes."""
        if self.work is None:
            return DecodeLine(0.0, 0.0)
        base = formula.shared_s(self.work, reached, sequences) + sequences * formula.sequence_s(self.work, reached)
        slope = formula.context_token_s(self.work, reached, 1)
        return DecodeLine(self.passes * max(base, self.pass_s), self.passes * slope)

    def on_host(self, sequences: int) -> float:
        """Return seconds that no GPU shortens: those of a lookup."""
        return self.lookup.seconds(sequences) if self.lookup else 0.0


def of(question: SizingInput) -> DraftedStep | None:
    """Return the deployment's drafting; a draft of unknown shape counts as one target layer and an output head."""
    drafting = question.drafting
    if not drafting.tokens:
        return None
    if drafting.lookup:
        return DraftedStep(lookup=drafting.lookup)
    if drafting.model is None or drafting.mtp:
        return DraftedStep(work=_heads(question), passes=drafting.tokens, pass_s=drafting.pass_s)
    alone = replace(question, shape=drafting.model, weights=None, drafting=DraftSetup(), adapters=())
    return DraftedStep(work=step_work.of(alone), passes=drafting.tokens, pass_s=drafting.pass_s)


def _heads(question: SizingInput) -> StepWork:
    """Return one layer of the target plus its output head."""
    whole, layers = step_work.of(question), question.shape.layers
    shares = {one.name: getattr(whole, one.name) / layers for one in fields(whole) if one.name not in _RATES}
    numbers = weights.padded_vocabulary(question.shape) * question.shape.hidden / question.parallelism.tensor
    head_bytes, head_operations = numbers * question.dtype_bytes, 2 * numbers
    shares["dense_bytes"] = (whole.dense_bytes - head_bytes) / layers + head_bytes
    shares["dense_operations"] = (whole.dense_operations - head_operations) / layers + head_operations
    return replace(whole, **shares)
