"""The claim about a canary on a real node: no spare GPU, no lost stream; a rejected one loses its users at once."""

import json
from typing import Any, Final

from prove import noted, programs
from prove.claims import Claim, Figure

STORIES: Final = "tests/node/serving/canaries/test_canaries.py"
TURNS: Final = (
    "tests/planning/test_canary.py",
    "tests/planning/test_canary_turns.py",
    "tests/planning/test_canary_scaling.py",
    "tests/controller/test_canaries.py",
    "tests/apiserver/test_canaries.py",
)
"""Every transition in the planner alone, in the simulated cluster, and with the command line on a real API server."""
FAILURES_OF_OTHERS: Final = (
    "test_what_is_not_passed_is_never_promoted",
    "test_no_data_rejects_nothing_either",
    "test_an_abort_keeps_the_old_revision_at_the_desired_count",
    "test_a_retry_begins_anew_and_remembers_no_verdict",
)
"""One test each: an inconclusive run promoted, missing data taken for a failure, an abort that scales what serves to
nothing, and a retry that ends by the earlier verdict."""
GPUS: Final = 3
MIN_ROUTABLE: Final = 2
MAX_SECONDS: Final = 1.0


def no_spare_is_needed() -> Figure:
    """One canary promoted by a person, one rejected by its gate, each under streams."""
    ran = noted.pytest(STORIES)
    gpus, routable, seconds = ran.most("max_gpus"), ran.least("fewest_routable"), ran.most("seconds_to_share_zero")
    kept = gpus is not None and gpus <= GPUS and routable is not None and routable >= MIN_ROUTABLE
    return Figure(
        holds=ran.well and ran.unharmed and kept and seconds is not None and seconds <= MAX_SECONDS,
        text=f"at most {_number(gpus)} GPUs held (allowed {GPUS}), at least {_number(routable)} of {GPUS} replicas "
        f"routable; from the verdict to share 0 at both routers {_number(seconds)} s (at most {MAX_SECONDS:g}); "
        f"{ran.traffic}; {ran.ended.tests}",
    )


def rejections_last() -> Figure:
    """A rejected revision, a change in the middle, and known failures of other controllers."""
    ran = programs.pytest(*TURNS)
    stories = programs.pytest("-k", " or ".join(FAILURES_OF_OTHERS), TURNS[0], TURNS[1])
    all_ran = stories.tests.passed >= len(FAILURES_OF_OTHERS)
    return Figure(
        holds=ran.ok and ran.tests.all_passed and stories.ok and all_ran,
        text=f"{ran.tests}; of them stories of known failures: {stories.tests}",
    )


def _number(found: float | None) -> str:
    return "not measured" if found is None else f"{found:g}"


OTHERS: Final = (
    "tests/node/serving/canaries/test_judge_gates.py",
    "tests/node/serving/canaries/test_adapter_canaries.py",
    "tests/node/serving/canaries/test_gateway_canaries.py",
)


def other_canaries_keep_to_it() -> Figure:
    """A judge's verdict, a version of an adapter, and a model of a gateway, each under streams."""
    ran = noted.pytest(*OTHERS)
    gpus, routable, mixed = ran.most("max_gpus"), ran.least("fewest_routable"), ran.most("mixed_answers")
    kept = gpus is not None and gpus <= GPUS and routable is not None and routable >= MIN_ROUTABLE
    back = ran.most("seconds_to_the_old_version_alone")
    return Figure(
        holds=ran.well and ran.unharmed and kept and mixed == 0,
        text=f"a judge compared {_number(ran.most('pairs_judged'))} pairs before it kept a revision from all users; an "
        f"adapter's version was tried and taken back by an order within {_number(back)} s, and of "
        f"{_number(ran.most('versioned_answers'))} answers {_number(mixed)} were not wholly one version's; a gateway's "
        f"routers tried two revisions: at most {_number(gpus)} GPUs held (allowed {GPUS}), at least "
        f"{_number(routable)} routable; {ran.traffic}; {ran.ended.tests}",
    )


PLACES: Final = ("tests/evaluating/test_pod_choice.py", "tests/process/test_engine_places.py")
USERS_PAY: Final = 0.05


def users_pay_little() -> Figure:
    """With the operator's rule for choosing pods; round-robin for comparison."""
    ran = programs.module("bench.evaluation_cost")
    if not ran.ok:
        return Figure(holds=False, text=f"the benchmark ended with {ran.code}")
    rows = json.loads(ran.output[ran.output.index("{") :])["rows"]
    tests = programs.pytest(*PLACES)
    worst = max(one["ttft_moved"] for row in rows for one in row["beside"] if not one["in_turn"])
    return Figure(
        holds=worst <= USERS_PAY and tests.ok and tests.tests.all_passed,
        text=f"{'; '.join(_paid(row) for row in rows)}; {tests.tests}",
    )


def _paid(row: dict[str, Any]) -> str:
    """The cost of the rule in one recording, and without it."""
    shown = [
        f"{one['at_once']} at once {one['ttft_moved']:+.1%}{' in turn' if one['in_turn'] else ''}"
        for one in row["beside"]
    ]
    alone = f"p95 TTFT {row['alone']['ttft_p95_s']:.2f} s"
    return f"{row['name']}, {alone}, beside an evaluation: {', '.join(shown)}"


CLAIMS: Final = (
    Claim(
        item="delivery.3",
        title="On a real node, three replicas and no spare GPU, under streams: a canary never holds more than three "
        "GPUs, never leaves fewer than two routable replicas and loses no stream, promoted or rolled back; from the "
        "verdict to share 0 at all routers at most 1 s",
        prove=no_spare_is_needed,
        slow=True,
    ),
    Claim(
        item="delivery.5",
        title="During an evaluation the p95 of users' time to the first token rises by at most 5 %, with any "
        "concurrency, on recorded traffic and the fewest replicas that keep its objectives (virtual time; pods are "
        "chosen by the operator's own rule)",
        prove=users_pay_little,
    ),
    Claim(
        item="delivery.8",
        title="A rejected revision starts no pod again, not after a restart of the operator either; a changed spec "
        "turns round in the middle; and four known failures of other controllers are stories that end well",
        prove=rejections_last,
    ),
    Claim(
        item="delivery.12",
        title="On a real node, under streams: a judge that prefers the old answers keeps a revision from all users "
        "and passes one that answers alike; a new version of an adapter is asked first, then gets some users, and goes "
        "back by an order, each answer wholly one version's; a gateway's routers try a revision without a spare GPU",
        prove=other_canaries_keep_to_it,
        slow=True,
    ),
)
