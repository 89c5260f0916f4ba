"""Weights that share a scale in groups: each GPU needs whole groups of a matrix, or the engine cannot load them."""

from dataclasses import dataclass, replace

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.shapes import MatrixGroup, ModelShape


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleGroups:
    """How many neighbouring weights share a scale, and how an engine divides experts."""

    size: int
    experts: int
    """The same of experts, whose groups some engines divide further."""
    undivided: bool = False
    """Whether matrices that no GPU divides need whole groups too."""
    spread: bool = False
    """Whether each expert stays whole on one GPU."""
    copies: int = 1
    """Data-parallel copies that divide experts as well."""

    def cut(self, shape: ModelShape, tensor: int) -> tuple[int, int, int] | None:
        """Return the first width that is not whole groups on each GPU, by how many it is divided, and the group."""
        if self.undivided and shape.hidden % self.size:
            return shape.hidden, 1, self.size
        for group, width in shape.inner_widths.items():
            size, ways = self.size, tensor
            if group is MatrixGroup.EXPERTS:
                size, ways = self.experts, 1 if self.spread else tensor * self.copies
            if (ways > 1 or self.undivided) and group not in shape.stored.kept and width % (ways * size):
                return width, ways, size
        return None


def cut_groups(setup: EngineSetup, groups: ScaleGroups, spread: str, otherwise: str) -> SpecRefusal | None:
    """Refuse a parallelism that cuts groups; `spread` keeps experts whole, `otherwise` is for lack of fewer GPUs."""
    shape, tensor = setup.shape, setup.revision.parallelism.tensor
    if shape is None or tensor < 1 or (found := groups.cut(shape, tensor)) is None:
        return None
    width, ways, size = found
    smaller = (less for less in range(tensor - 1, 0, -1) if _shared(shape, less) and not groups.cut(shape, less))
    remedies = [f"write {less}" for less in smaller][:1]
    if replace(groups, spread=True).cut(shape, tensor) is None:
        remedies.append(spread)
    return SpecRefusal(
        field="spec.parallelism.tensor",
        value=str(tensor),
        reason=EngineReason.FORMAT_NEEDS_ALIGNMENT,
        because=f"{setup.weights} shares one scale among {size} weights, and {width} divided by {ways} is not a "
        f"multiple of {size}",
        remedy=", or ".join(remedies) or otherwise,
    )


def _shared(shape: ModelShape, tensor: int) -> bool:
    return shape.divides_heads(tensor) and shape.divides_tables(tensor)
