"""The controller's claims: one apply serves, no request is dropped whatever ends, bad revisions do no harm."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

STORIES: Final = "tests/node/serving"
MAX_OVERHEAD_SECONDS: Final = 3.0
MAX_SECONDS_TO_REPORT: Final = 30.0


def one_apply_serves() -> Figure:
    """Three deployments in sequence, from apply to the first answer of the official client."""
    ran = noted.pytest(f"{STORIES}/test_first_answer.py")
    overhead, total = ran.most("overhead_seconds"), ran.most("total_seconds")
    return Figure(
        holds=ran.well and overhead is not None and overhead <= MAX_OVERHEAD_SECONDS,
        text=f"median of three: first answer {_seconds(total)} after apply, {_seconds(overhead)} of it not the "
        f"engine's own start (at most {MAX_OVERHEAD_SECONDS:g} s; the image lies on the node); {ran.ended.tests}",
    )


def nothing_is_dropped() -> Figure:
    """Rollouts, scale-down, a node's drain, routers and the operator itself, all under streaming load."""
    ran = noted.pytest(f"{STORIES}/rollouts/test_rollouts.py", f"{STORIES}/test_leaving.py")
    return Figure(holds=ran.well and ran.unharmed, text=f"{ran.traffic}; {ran.ended.tests}")


def bad_revisions_do_no_harm() -> Figure:
    """Five kinds of bad revision at once, each in a deployment that serves."""
    ran = noted.pytest(f"{STORIES}/rollouts/test_bad_revisions.py")
    seconds = ran.most("seconds_to_condition")
    return Figure(
        holds=ran.well and ran.unharmed and seconds is not None and seconds <= MAX_SECONDS_TO_REPORT,
        text=f"named at most {_seconds(seconds)} after the bad replica was made "
        f"(at most {MAX_SECONDS_TO_REPORT:g} s); {ran.traffic}; {ran.ended.tests}",
    )


def _seconds(number: float | None) -> str:
    return "not measured" if number is None else f"{number:.1f} s"


CLAIMS: Final = (
    Claim(
        item="controller.1",
        title="One `kubectl apply` leads to an answered OpenAI request with no other step, and takes at most 3 s "
        "beyond the engine's own start and the image's pull",
        prove=one_apply_serves,
        slow=True,
    ),
    Claim(
        item="controller.2",
        title="No request fails and no stream is cut under continuous load: Replace with every GPU taken, Replace of "
        "the only replica, Surge, scale-down, node drain, router rollout, and the operator deleted and installed "
        "again in the middle of a rollout",
        prove=nothing_is_dropped,
        slow=True,
    ),
    Claim(
        item="controller.3",
        title="An image that is missing, a crash loop, a model too large, a gated model and an engine without tokens "
        "are each named by a condition within 30 s while what served goes on serving, and after the progress "
        "deadline the rollout goes back by itself",
        prove=bad_revisions_do_no_harm,
        slow=True,
    ),
)
