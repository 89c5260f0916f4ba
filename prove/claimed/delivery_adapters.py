"""The claims about adapters: on real vLLM, many of them on many replicas, and more than engines have slots."""

from typing import Final

from prove import noted, programs
from prove.claims import Claim, Figure

STORY: Final = "tests/node/vllm/test_adapters.py"
MAX_SECONDS: Final = 3.0
MANY: Final = "tests/node/serving/test_many_adapters.py"
TURNS: Final = "tests/routing/test_waiting_for_slots.py"
MAX_SECONDS_OF_MANY: Final = 30.0
MAX_STREAMS_WAITED: Final = 1.5


def adapters_come_and_go() -> Figure:
    """One test on its own node, with two replicas of real vLLM."""
    ran = noted.pytest(STORY)
    seconds, mixed = ran.most("staged_to_answered_seconds"), ran.most("mixed_answers")
    errors, lost = ran.most("versioned_errors"), ran.most("not_found_after_kill")
    answers = ran.most("versioned_answers")
    quick = seconds is not None and seconds <= MAX_SECONDS
    return Figure(
        holds=ran.well and quick and (mixed, errors, lost) == (0, 0, 0),
        text=f"from checked files to the first answer on every chosen replica at most {_number(seconds)} s (at most "
        f"{MAX_SECONDS:g}); {_number(answers)} answers while 32 streams moved between versions and back: "
        f"{_number(mixed)} not wholly one version's, {_number(errors)} errors; 404 after a replica was killed: "
        f"{_number(lost)}; {ran.ended.tests}",
    )


def many_share_engines() -> Figure:
    """Tests on a node with simulated engines, and the order of waiting adapters on virtual time."""
    ran, turns = noted.pytest(MANY, extra={"FAIRLEAD_MANY_ADAPTERS": "1"}), programs.pytest(TURNS)
    seconds, waited = ran.most("seconds_to_all_loaded"), ran.most("cold_wait_in_streams")
    still = (ran.most("writes_at_rest"), ran.most("loads_at_rest"), ran.most("failed")) == (0, 0, 0)
    quick = seconds is not None and seconds <= MAX_SECONDS_OF_MANY
    fair = waited is not None and waited <= MAX_STREAMS_WAITED
    return Figure(
        holds=ran.well and still and quick and fair and turns.ok and turns.tests.all_passed,
        text=f"100 adapters, three of eight replicas each: applied in {_number(ran.most('seconds_to_apply'))} s, all "
        f"loaded {_number(seconds)} s later (at most {MAX_SECONDS_OF_MANY:g} s), then "
        f"{_number(ran.most('writes_at_rest'))} writes and {_number(ran.most('loads_at_rest'))} loads in 30 s; two "
        "slots, three adapters, two of them never without a request at two routers: the third waits "
        f"{_number(waited)} times the longest stream (p95, at most {MAX_STREAMS_WAITED:g}), the base model's first "
        f"token comes after {_number(ran.most('base_first_token_ms'))} ms, {_number(ran.most('failed'))} failed; "
        f"{ran.ended.tests}; turns on virtual time: {turns.tests}",
    )


def _number(found: float | None) -> str:
    return "not measured" if found is None else f"{found:g}"


CLAIMS: Final = (
    Claim(
        item="delivery.9",
        title="Adapters on real vLLM on CPU: from staged to answered at most 3 s on all chosen replicas; no 404 after "
        "a replica was killed; under 32 streams a version changes and goes back with each answer wholly one "
        "version's; wrong rank, base, shape and digest are refused before any engine is asked; `../x` and undeclared "
        "names are 404 at the router",
        prove=adapters_come_and_go,
        slow=True,
    ),
    Claim(
        item="delivery.11",
        title="A hundred adapters reach the replicas chosen for them, of eight, within 30 s; then "
        "nothing is loaded and nothing written; a replica's death moves only its own. With more adapters than slots a "
        "cold one waits at most 1.5 times the longest stream (p95) however busy the others are, and the base model "
        "does not wait for it",
        prove=many_share_engines,
        slow=True,
    ),
)
