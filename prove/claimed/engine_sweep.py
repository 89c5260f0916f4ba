"""The claim about `fairlead calibrate --sweep`: its file predicts what the sweep did not contain."""

import json
from typing import Final

from bench.sweep_prediction import Prediction
from prove import programs
from prove.claims import Claim, Figure

WITHIN: Final = 0.10
NOT_MEASURED: Final = "no GPU was at hand: not measured on one"


def predicts_what_it_did_not_see() -> Figure:
    """Real vLLM on CPU (6 GB in the cache, made where it is missing) is swept, then serves three workloads."""
    return _predicted("vllm", "vLLM 0.32.0")


def predicts_sglang_too() -> Figure:
    """Real SGLang on CPU (7 GB in the cache, made where it is missing) likewise."""
    return _predicted("sglang", "SGLang 0.5.23")


def _predicted(engine: str, name: str) -> Figure:
    ended = programs.module("bench.sweep_prediction", "--engine", engine)
    line = next((line for line in reversed(ended.output.splitlines()) if line.startswith("[")), None)
    if line is None:
        raise RuntimeError(f"{ended.command} ended with {ended.code} and without its figures")
    found = [Prediction(**one) for one in json.loads(line)]
    own = [one.strip() for one in ended.output.splitlines() if one.startswith("  ") and "median error" in one]
    return Figure(
        holds=holds(found), text=words(name, found) + "; points left out: " + "; ".join(own) + f"; {NOT_MEASURED}"
    )


def holds(found: list[Prediction]) -> bool:
    """Every workload, not their mean."""
    return bool(found) and all(abs(one.error) <= WITHIN for one in found)


def words(name: str, found: list[Prediction]) -> str:
    """The figures of each workload."""
    return f"real {name} on CPU, TPOT real and predicted: " + ", ".join(
        f"{one.real_ms:.2f} and {one.simulated_ms:.2f} ms ({one.plain_error:+.1%}; {one.error:+.1%} with the sweep's "
        f"points at {one.slowdown:.2f} times their step by then; {one.running:.1f} requests at once)"
        for one in found
    )


CLAIMS: Final = (
    Claim(
        item="engines.6",
        title="`fairlead calibrate --sweep` on real vLLM on CPU end to end: its file is taken by the simulator, and "
        "the TPOT of workloads that the sweep did not contain is predicted within 10 %, the machine's pace at either "
        "time measured by points of the sweep; on a GPU where one is at hand",
        prove=predicts_what_it_did_not_see,
        slow=True,
    ),
    Claim(
        item="engines.8",
        title="`fairlead calibrate --sweep` on real SGLang on CPU likewise: by SGLang's own metrics, its file is taken "
        "by the simulator, and the TPOT of workloads that the sweep did not contain is predicted within 10 %",
        prove=predicts_sglang_too,
        slow=True,
    ),
)
