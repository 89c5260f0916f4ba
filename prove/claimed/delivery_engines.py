"""The claims about evaluations with real programs: vLLM on CPU, and the harness beside it and in pods."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

STORIES: Final = "tests/vllm/test_evaluations.py"
IN_PODS: Final = "tests/node/harness"


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


def the_harness_in_pods_decides() -> Figure:
    """Gates of canaries of emulated engines, decided by the real harness from its own image."""
    ran = noted.pytest(IN_PODS)
    right, worse = _percent(ran.most("harness_right_before")), _percent(ran.most("harness_right_worse"))
    return Figure(
        holds=ran.well and ran.total("harness_items") > 0,
        text=f"lm-eval 0.4.13 in its own image: {ran.total('harness_items')} items, {right} right of what serves, "
        f"{worse} of a revision with broken JSON, which was rejected; {ran.ended.tests}",
    )


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"


CLAIMS: Final = (
    Claim(
        item="delivery.6",
        title="Real vLLM on CPU: a model passes against itself without a flip, and the same checkpoint with noise on "
        "its weights fails; the real lm-evaluation-harness decides the same, offline, by the command and through the "
        "relay of a runner's pod (run as processes; delivery.10 is on a node)",
        prove=real_engines_differ,
        slow=True,
    ),
    Claim(
        item="delivery.10",
        title="On the real node the lm-evaluation-harness, in pods of the image that `make image-lm-eval` builds and "
        "offline, gates a canary: a revision that answers worse is rejected, an equal one passes, and a task that the "
        "harness does not know is named and goes on once it is mended",
        prove=the_harness_in_pods_decides,
        slow=True,
    ),
)
