"""The claim about evaluations of real engines: vLLM on CPU against itself, with noise, and by the real harness."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

STORIES: Final = "tests/vllm/test_evaluations.py"


def real_engines_differ() -> Figure:
    """Two servers of one checkpoint, one with noise on its weights: `fairlead evaluate`, lm-eval through a relay."""
    ran = noted.pytest("-m", "vllm", STORIES)
    flips, compared = ran.total("same_flips"), ran.total("same_items")
    return Figure(
        holds=ran.well and compared > 0 and flips == 0,
        text=f"itself: {compared} items, {flips} flips, {_percent(ran.most('same_noise'))} noise; with noise of half "
        f"of each tensor's spread on its weights: {_percent(ran.most('noisy_right'))} right, failed after "
        f"{ran.total('noisy_compared')} items; lm-eval 0.4.13 offline, by the command of its pod and through a relay: "
        f"{ran.total('harness_right')} of {ran.total('harness_items')} right, "
        f"{_percent(ran.most('harness_noisy_right'))} with noise; {ran.ended.tests}",
    )


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"


CLAIMS: Final = (
    Claim(
        item="delivery.6",
        title="Real vLLM on CPU: a model passes against itself without a flip, and the same checkpoint with noise on "
        "its weights fails; the real lm-evaluation-harness decides the same, offline, by the command and through the "
        "relay of a runner's pod (run as processes, not on a node)",
        prove=real_engines_differ,
        slow=True,
    ),
)
