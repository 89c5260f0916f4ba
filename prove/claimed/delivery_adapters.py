"""The claim about adapters on real vLLM: loaded within seconds, moved under streams, refused before it is asked."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

STORY: Final = "tests/node/vllm/test_adapters.py"
MOST_SECONDS: Final = 3.0


def adapters_come_and_go() -> Figure:
    """One story on a node of its own, with two replicas of real vLLM."""
    ran = noted.pytest(STORY)
    seconds, mixed = ran.most("staged_to_answered_seconds"), ran.most("mixed_answers")
    errors, lost = ran.most("versioned_errors"), ran.most("not_found_after_kill")
    answers = ran.most("versioned_answers")
    quick = seconds is not None and seconds <= MOST_SECONDS
    return Figure(
        holds=ran.well and quick and (mixed, errors, lost) == (0, 0, 0),
        text=f"from checked files to the first answer on every chosen replica at most {_number(seconds)} s (at most "
        f"{MOST_SECONDS:g}); {_number(answers)} answers while 32 streams moved between versions and back: "
        f"{_number(mixed)} not wholly one version's, {_number(errors)} errors; 404 after a replica was killed: "
        f"{_number(lost)}; {ran.ended.tests}",
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
)
