"""The claim about a canary on a real node: no spare GPU, no lost stream; what is rejected loses its users at once."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

STORIES: Final = "tests/node/serving/rollouts/test_canaries.py"
GPUS: Final = 3
FEWEST_ROUTABLE: Final = 2
MOST_SECONDS: Final = 1.0


def no_spare_is_needed() -> Figure:
    """One canary promoted by a person, one rejected by its gate, each under streams."""
    ran = noted.pytest(STORIES)
    gpus, routable, seconds = ran.most("most_gpus"), ran.least("fewest_routable"), ran.most("seconds_to_share_zero")
    kept = gpus is not None and gpus <= GPUS and routable is not None and routable >= FEWEST_ROUTABLE
    return Figure(
        holds=ran.well and ran.unharmed and kept and seconds is not None and seconds <= MOST_SECONDS,
        text=f"at most {_number(gpus)} GPUs held (allowed {GPUS}), at least {_number(routable)} of {GPUS} replicas "
        f"routable; from the verdict to share 0 at both routers {_number(seconds)} s (at most {MOST_SECONDS:g}); "
        f"{ran.traffic}; {ran.ended.tests}",
    )


def _number(found: float | None) -> str:
    return "not measured" if found is None else f"{found:g}"


CLAIMS: Final = (
    Claim(
        item="delivery.3",
        title="On a real node, three replicas and no spare GPU, under streams: a canary never holds more than three "
        "GPUs, never leaves fewer than two routable replicas and loses no stream, promoted or rolled back; from the "
        "verdict to share 0 at all routers at most 1 s",
        prove=no_spare_is_needed,
        slow=True,
    ),
)
