"""What each stage of a pipeline holds: how many of the layers, and of those with experts, and which tables."""

from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from fairlead.fleet.engine_memory import LongerStages
from fairlead.fleet.shapes import MatrixGroup, ModelShape
from fairlead.sizing.sizing_input import SizingInput

_OF_EXPERT_LAYERS: Final = frozenset({MatrixGroup.EXPERTS, MatrixGroup.SHARED_EXPERTS, MatrixGroup.ROUTER})


class PipelineStage(NamedTuple):
    """One stage, by its shares of the whole model."""

    layers: float
    experts: float
    """Of the layers with experts."""
    dense: float
    """Of the layers with an ordinary MLP."""
    embeds: bool
    """Whether it holds the embedding: the first stage, and the last if it is also the head."""
    last: bool

    def share(self, group: MatrixGroup) -> float:
        """Return which share of a part it holds."""
        if group in _OF_EXPERT_LAYERS:
            return self.experts
        whole = {MatrixGroup.EMBEDDING: self.embeds, MatrixGroup.HEAD: self.last, MatrixGroup.VISION: True}
        if group in whole:
            return float(whole[group])
        return self.dense if group is MatrixGroup.MLP else self.layers


def of(sizing: SizingInput) -> tuple[PipelineStage, ...]:
    """Return all stages, in their order."""
    shape, stages = sizing.shape, sizing.parallelism.pipeline
    ends = tuple(accumulate(_layers(shape.layers, stages, sizing.release.spread.longer)))
    return tuple(
        _stage(shape, (start, end), first=not place, last=place == stages - 1)
        for place, (start, end) in enumerate(pairwise((0, *ends)))
    )


def _layers(layers: int, stages: int, longer: LongerStages) -> tuple[int, ...]:
    """Return the layers of each stage: some have one more than the others."""
    each, more = divmod(layers, stages)
    begin = {
        LongerStages.FIRST: 0,
        LongerStages.BEFORE_LAST: stages - 1 - more,
        LongerStages.LAST: stages - more,
    }[longer]
    return tuple(each + (begin <= place < begin + more) for place in range(stages))


def _stage(shape: ModelShape, span: tuple[int, int], *, first: bool, last: bool) -> PipelineStage:
    start, end = span
    experts, dense = _expert_layers(shape, end) - _expert_layers(shape, start), shape.layers - shape.expert_layers
    layers = (end - start) / shape.layers
    beside = shape.experts is not None and shape.experts.beside_dense
    return PipelineStage(
        layers=layers,
        experts=experts / max(1, shape.expert_layers),
        dense=layers if beside else (end - start - experts) / max(1, dense),
        embeds=first or (last and shape.tied),
        last=last,
    )


def _expert_layers(shape: ModelShape, layers: int) -> int:
    """Return how many of the first layers have experts."""
    if shape.experts is None:
        return 0
    return max(0, layers - shape.experts.first_dense) // shape.experts.every
