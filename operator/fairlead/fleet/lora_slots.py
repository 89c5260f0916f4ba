"""What an engine needs so that adapters can come and go while it runs: room for them, and what loads them."""

from dataclasses import dataclass

from fairlead.fleet.image_pull import AS_USUAL, ImagePull


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSlots:
    """Slots for LoRA adapters that are loaded while an engine runs."""

    slots: int
    """Adapters that can take part in one step."""
    cpu_slots: int
    """Adapters kept in main memory, including those in the slots."""
    max_rank: int
    loader_image: str
    """Image of the container beside the engine: the operator's own."""
    loader_pull: ImagePull = AS_USUAL
    claim: str | None = None
    """A volume claim whose folders adapters may be read from."""
