"""What would be accepted today and fail at three in the morning: the impossible is refused, the unlikely warned of."""

from typing import Any, Final

import pytest

from fairlead.engines import catalogue
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.policies import ColdStart, Objectives, ScalingPolicy
from fairlead.review import admission
from fairlead.review.context import ObjectKey, ReviewContext
from tests.controller.every_field import SHAPE
from tests.review.bad_hurts import DRAFTS, HURTFUL
from tests.review.bad_specs import A100, H100
from tests.review.table import CONTEXT, Object, Row, deployment, engine, findings_of

OFFLINE: Final = ReviewContext(catalogue=CONTEXT.catalogue)
FLASH: Final = ScalingPolicy(objectives=Objectives(ttft_p95_seconds=0.001, tpot_p95_seconds=0.0001))
SLOW: Final = ScalingPolicy(cold_start=ColdStart(assume_seconds=600), zero_after_seconds=900)
NAMED: Final = ReviewContext(
    catalogue=CONTEXT.catalogue,
    policies={
        ObjectKey("AutoscalingPolicy", "default", "flash"): FLASH,
        ObjectKey("AutoscalingPolicy", "default", "slow"): SLOW,
    },
)
LLAMA: Final = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}
SHOP: Final = {"name": "shop", "keys": [{"name": "k", "key": "k"}]}
SHORT: Final = {"context": {"maxTokens": 8192}}


def scaled(policy: str, least: int = 1, **changed: Any) -> Object:  # noqa: ANN401  # any part of a spec
    """A deployment that names a policy."""
    return deployment(scaling={"minReplicas": least, "maxReplicas": 4, "policy": {"name": policy}}, **changed)


def drafted(model: str, draft: str, tokens: int) -> Object:
    """One model with another as its draft."""
    document = {"method": "draftModel", "tokens": tokens, "draft": {"source": f"hf://Qwen/{draft}"}}
    return deployment(
        model={"source": f"hf://Qwen/{model}"}, accelerator=H100, engine=SHORT | {"speculation": document}
    )


def warnings(given: Object, context: ReviewContext = OFFLINE) -> list[str]:
    """The warnings with which it is admitted."""
    review = admission.review(given, context)
    assert [one.sentence for one in review.refusals] == []
    return [one.sentence for one in review.warnings]


@pytest.mark.trial(17)
@pytest.mark.parametrize("row", [*DRAFTS, *HURTFUL], ids=lambda row: row.story)
def test_the_impossible_is_refused_with_what_to_write(row: Row) -> None:
    findings = [one for one in findings_of(row.given) if one.field == row.at]
    assert [row.wording in f"{one.because}; {one.remedy}" for one in findings] == [True]


UNLIKELY: Final[dict[str, tuple[Object, ReviewContext, str]]] = {
    "fifty draft tokens": (
        engine(speculation={"method": "ngram", "tokens": 50}),
        OFFLINE,
        (
            "spec.engine.speculation.tokens: 50: each step computes 51 tokens, and the last draft token is accepted "
            "once in 70,065 steps even if 80% of single ones are; write 3 to 5, and raise it only if the measured "
            "acceptance says so"
        ),
    ),
    "a draft that takes as long as its model": (
        drafted("Qwen3-8B", "Qwen3-4B", 3),
        OFFLINE,
        (
            "spec.engine.speculation.draft.source: Qwen/Qwen3-4B: 3 draft tokens at 4.0 billion parameters each cost "
            "1.6 steps of the model (7.6 billion): they pay off only if more are accepted; name a draft of 1.3 billion "
            "parameters or less, or lower spec.engine.speculation.tokens"
        ),
    ),
    "a settling time longer than the drain": (
        deployment(drain={"settle": "10m", "timeout": "1m"}),
        OFFLINE,
        (
            "spec.drain.settle: 600s: a draining replica accepts requests for 600 s, and then cuts those that take "
            "longer than 60 s; write 60s or less, or raise spec.drain.timeout above 600s"
        ),
    ),
    "a time for the first token longer than the total": (
        deployment(router={"timeouts": {"firstToken": "2m", "total": "90s"}}),
        OFFLINE,
        (
            "spec.router.timeouts.firstToken: 120s: timeouts.total ends the whole request after 90 s, so this time "
            "is never reached; write less than 90s, or raise spec.router.timeouts.total"
        ),
    ),
    "a time in the queue longer than the total": (
        deployment(router={"limits": {"maxQueueTime": "20m"}}),
        OFFLINE,
        (
            "spec.router.limits.maxQueueTime: 1200s: timeouts.total ends the whole request after 900 s, so this time "
            "is never reached; write less than 900s, or raise spec.router.timeouts.total"
        ),
    ),
    "a long job that waits longer than the total": (
        deployment(router={"lanes": {"long": {"maxQueueTime": "1h"}, "batch": {}}}),
        OFFLINE,
        (
            "spec.router.lanes.long.maxQueueTime: 3600s: timeouts.total ends the whole request after 900 s, so this "
            "time is never reached; write less than 900s, or raise spec.router.timeouts.total"
        ),
    ),
    "a tenant with a model that only an Adapter can add": (
        deployment(
            engine={"lora": {"slots": 2, "maxRank": 16}}, router={"tenants": [SHOP | {"models": ["my-adapter"]}]}
        ),
        OFFLINE,
        (
            "spec.router.tenants[0].models: my-adapter: this deployment itself serves bad; any other name is an "
            "Adapter's; unless there is one, create an Adapter of this name for this deployment, or remove it here"
        ),
    ),
    "a hold longer than the total": (
        deployment(router={"hold": {"maxTime": "1h"}, "lanes": {"long": {}}}),
        OFFLINE,
        (
            "spec.router.hold.maxTime: 3600s: timeouts.total ends the whole request after 900 s, so this time "
            "is never reached; write less than 900s, or raise spec.router.timeouts.total"
        ),
    ),
    "parameters that the shape does not make": (
        deployment(model={"source": "hf://a/b", "shape": SHAPE | {"parameters": 70_000_000_000}}, accelerator=H100),
        OFFLINE,
        (
            "spec.model.shape.parameters: 70,000,000,000: the other numbers of the model make 8,030,261,248 "
            "parameters, and fit is decided by those; correct spec.model.shape, or remove parameters"
        ),
    ),
    "requests held for a second": (
        deployment(router={"hold": {"maxTime": "1s"}}),
        OFFLINE,
        (
            "spec.router.hold.maxTime: 1s: a replica is assumed to take 120 s to start (coldStart.assume of the "
            "policy), so requests that come while none serves get 503 after 1 s; write more than 120s, or "
            "hold.maxRequests: 0 to refuse at once"
        ),
    ),
    "requests held for less than the policy's cold start": (
        scaled("slow"),
        NAMED,
        (
            "spec.router.hold.maxTime: 300s: a replica is assumed to take 600 s to start (coldStart.assume of the "
            "policy), so requests that come while none serves get 503 after 300 s; write more than 600s, or "
            "hold.maxRequests: 0 to refuse at once"
        ),
    ),
    "a first token before the weights are read": (
        scaled("flash", model=LLAMA, accelerator=A100, engine=SHORT),
        NAMED,
        (
            "spec.scaling.policy.name: flash: its objectives.ttftP95 is 1 ms, and NVIDIA-A100-SXM4-80GB needs at "
            "least 7.88 ms to read the model's weights once: no number of replicas meets it; raise it "
            "well above 7.88ms, or use a smaller model or a faster GPU"
        ),
    ),
    "a token a tenth of a millisecond": (
        scaled("flash", model=LLAMA, accelerator=A100, engine=SHORT),
        NAMED,
        (
            "spec.scaling.policy.name: flash: its objectives.tpotP95 is 0.1 ms, and NVIDIA-A100-SXM4-80GB needs at "
            "least 7.88 ms to read the model's weights once: no number of replicas meets it; raise it "
            "well above 7.88ms, or use a smaller model or a faster GPU"
        ),
    ),
}


@pytest.mark.trial(17)
@pytest.mark.parametrize("story", UNLIKELY)
def test_the_unlikely_is_warned_of_with_the_figure(story: str) -> None:
    given, context, sentence = UNLIKELY[story]
    assert sentence in warnings(given, context)


QUIET: Final[dict[str, tuple[Object, ReviewContext]]] = {
    "parameters as the page of a model rounds them": (
        deployment(model={"source": "hf://a/b", "shape": SHAPE | {"parameters": 8_000_000_000}}, accelerator=H100),
        OFFLINE,
    ),
    "five guesses of a draft that suits": (drafted("Qwen3-8B", "Qwen3-0.6B", 5), OFFLINE),
    "a draft nobody knows": (drafted("Qwen3-8B", "Qwen3-nano-of-somebody", 5), OFFLINE),
    "no time to settle": (deployment(drain={"settle": "0s", "timeout": "0s"}), OFFLINE),
    "requests refused at once": (deployment(router={"hold": {"maxRequests": 0, "maxTime": "1s"}}), OFFLINE),
    "two replicas that hold for a second": (deployment(replicas=2, router={"hold": {"maxTime": "1s"}}), OFFLINE),
    "a policy that is not known": (scaled("other"), NAMED),
    "objectives on a GPU nobody knows": (scaled("flash", accelerator={"product": "NVIDIA-X"}), NAMED),
    "objectives of a model nobody knows": (scaled("flash", model={"source": "hf://a/b"}), NAMED),
}


@pytest.mark.parametrize("story", QUIET)
def test_what_can_work_is_not_warned_of(story: str) -> None:
    given, context = QUIET[story]
    words = (
        "the last draft token",
        "they pay off only if",
        "never passes",
        "503 after",
        "weights once",
        "then cuts those",
        "is decided",
    )
    assert [one for one in warnings(given, context) if any(word in one for word in words)] == []


def test_a_fleet_that_scales_to_zero_gets_one_warning_about_the_hold() -> None:
    lines = [one for one in warnings(scaled("slow", least=0), NAMED) if "hold" in one]
    assert [one.split(": ")[0] for one in lines] == ["spec.scaling.minReplicas"]


def test_an_objective_is_not_judged_where_the_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {kind: one for kind, one in catalogue.ENGINES.items() if kind is not EngineKind.TENSORRT_LLM}
    monkeypatch.setattr(catalogue, "ENGINES", others)
    review = admission.review(scaled("flash", engine={"kind": "TensorRT-LLM"}), NAMED)
    assert [one.field for one in review.refusals] == ["spec.engine.kind"]
    assert [one for one in review.warnings if "weights once" in one.because] == []
