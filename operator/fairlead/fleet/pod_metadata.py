"""Labels and annotations that users add to pods."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PodMetadata:
    """Labels and annotations beside Fairlead's own, none of whose keys are among them."""

    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
