"""The claims about `fairlead calibrate --sweep`: its file predicts what the sweep did not contain."""

import json
from typing import Final

from bench.gpu_serving import other_format, predict
from bench.gpu_serving.predict import MeasuredPrediction
from bench.sweep_prediction import Prediction
from fairlead.fleet.sweeps import EngineVariant
from house import gpu_page
from house.served_section import SUFFIX
from prove import programs
from prove.claims import Claim, Figure

WITHIN: Final = 0.10
OF_ANOTHER_FORMAT: Final = 0.05
OF_A_FAST_CACHE: Final = 0.15
OF_A_CACHE: Final = 0.01
OF_A_HEAD, OF_A_SWEPT_HEAD = 0.25, 0.15
BY_ITSELF: Final = "what a GPU showed is engines.9"


def predicts_what_it_did_not_see() -> Figure:
    """Real vLLM on CPU (6 GB in the cache, created if missing) is swept, then serves three workloads."""
    return _predicted("vllm", "vLLM 0.32.0")


def predicts_sglang_too() -> Figure:
    """The same with real SGLang on CPU (7 GB in the cache, created if missing)."""
    return _predicted("sglang", "SGLang 0.5.23")


def predicts_what_a_gpu_served() -> Figure:
    """Recorded runs on real GPUs, simulated with the sweep of the same deployment."""
    found = {place.name: predict.predictions(place) for place in sorted(gpu_page.SWEEPS.glob(f"*{SUFFIX}"))}
    shown = "; ".join(f"{name}: {', '.join(one.words for one in rows)}" for name, rows in found.items())
    others = [named for name in found for named in predict.elsewhere(gpu_page.SWEEPS / name).items()]
    apart = "; ".join(f"{name}: {', '.join(one.words for one in rows)}" for name, rows in others)
    return Figure(
        holds=bool(found) and all(holds(rows) for rows in found.values()),
        text=f"TPOT real and predicted, {shown}; on another machine with such a card, not swept: {apart or 'none'}",
    )


def predicts_another_format() -> Figure:
    """Fitted step times of the other format, corrected by the sweep."""
    found = other_format.predictions()
    return Figure(
        holds=holds(found, OF_ANOTHER_FORMAT),
        text=f"FP8 weights, measured and predicted: {', '.join(one.words for one in found)}",
    )


def predicts_what_fields_change() -> Figure:
    """An FP8 cache by its steps and its tokens; the tokens left beside drafts and FP8 weights."""
    steps, caches = other_format.predictions(EngineVariant.KV_FP8), other_format.capacities()
    shown = ", ".join(one.words for one in steps)
    return Figure(
        holds=holds(steps, OF_A_FAST_CACHE) and bool(caches) and all(abs(one.error) <= OF_A_CACHE for one in caches),
        text=f"FP8 cache, measured and predicted: {shown}; KV caches before the first start: "
        + ", ".join(one.words for one in caches),
    )


def predicts_a_head() -> Figure:
    """Decode steps with an EAGLE-3 head: estimated as if none had been measured, and with the sweep's."""
    unmeasured = other_format.predictions(EngineVariant.EAGLE3, swept=False)
    swept = other_format.predictions(EngineVariant.EAGLE3)
    shown, own = (", ".join(one.words for one in found) for found in (unmeasured, swept))
    return Figure(
        holds=holds(unmeasured, OF_A_HEAD) and holds(swept, OF_A_SWEPT_HEAD),
        text=f"EAGLE-3 head, measured and estimated without a measured step: {shown}; with the sweep's own: {own}",
    )


def _predicted(engine: str, name: str) -> Figure:
    ended = programs.module("bench.sweep_prediction", "--engine", engine)
    line = next((line for line in reversed(ended.output.splitlines()) if line.startswith("[")), None)
    if line is None:
        raise RuntimeError(f"{ended.command} ended with {ended.code} and without its figures")
    found = [Prediction(**one) for one in json.loads(line)]
    own = [one.strip() for one in ended.output.splitlines() if one.startswith("  ") and "median error" in one]
    return Figure(
        holds=holds(found), text=words(name, found) + "; points left out: " + "; ".join(own) + f"; {BY_ITSELF}"
    )


def holds(found: list[Prediction] | list[MeasuredPrediction], within: float = WITHIN) -> bool:
    """Whether each prediction holds, not their mean."""
    return bool(found) and all(abs(one.error) <= within for one in found)


def words(name: str, found: list[Prediction]) -> str:
    """Format the figures of each workload."""
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
    Claim(
        item="engines.9",
        title="A sweep of real vLLM on a GPU, taken by the simulator: the TPOT of workloads that the rendered command "
        "served there, and that the sweep did not contain, is predicted within 10 %",
        prove=predicts_what_a_gpu_served,
    ),
    Claim(
        item="engines.10",
        title="On a GPU that was swept with weights in 16 bits, the decode steps of FP8 weights, which were measured "
        "there and not used, are predicted within 5 %",
        prove=predicts_another_format,
    ),
    Claim(
        item="engines.11",
        title="On a GPU that was swept with a cache in 16 bits, decode steps of a cache in FP8, measured there and not "
        "used, are predicted within 15 %, and the tokens that a cache holds, in FP8 and beside FP8 weights, n-gram "
        "drafts, a draft model and an EAGLE-3 head, within 1 % before the first start",
        prove=predicts_what_fields_change,
    ),
    Claim(
        item="engines.12",
        title="On a GPU that was swept, decode steps with an EAGLE-3 head are estimated within 25 % although no step "
        "with one was measured, and within 15 % once the sweep has measured some",
        prove=predicts_a_head,
    ),
)
