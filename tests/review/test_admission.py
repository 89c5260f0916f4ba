"""Messages about whole objects: their words, the package they come from, and what gets none."""

from dataclasses import replace

import pytest

from fairlead.engines.catalogue import releases
from fairlead.fleet.accelerators import Accelerator, ComputeCapability
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.fit import ConfigurationChange, Fit, FitReason, FitVerdict, NoFit
from fairlead.fleet.policies import ScheduleWindow
from fairlead.review import admission, memory_fit, policies, schedules
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason, Review
from fairlead.scaling.lint.lint_reasons import LintReason
from tests.review.table import CONTEXT, deployment, engine, gateway, policy

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)
LLAMA = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}


def test_a_good_deployment_is_sized_and_ready_to_be_started() -> None:
    review = admission.review(deployment(drain={"timeout": "90s", "settle": "5s"}), OFFLINE)

    assert (review.kind, review.namespace, review.name) == ("InferenceDeployment", "default", "bad")
    assert (review.refusals, review.warnings) == ((), ())
    assert isinstance(review.fit, Fit)
    assert review.setup is not None
    assert review.engine is not None
    assert review.drain is not None
    assert review.drain.timeout_seconds == 90.0


def test_a_gateway_and_a_policy_need_no_engine() -> None:
    for given in (gateway(), policy()):
        review = replace(admission.review(given, OFFLINE), gateway=None)
        assert review == Review(kind=str(given["kind"]), namespace="default", name="bad")


def test_a_target_that_never_fires_is_refused_and_a_too_short_stabilization_is_warned_of() -> None:
    never = admission.review(policy(signals={"kvCache": {"target": "1"}}), OFFLINE)
    assert [(one.field, one.reason) for one in never.refusals] == [
        ("spec.signals.kvCache.target", LintReason.NEVER_FIRES)
    ]
    hasty = admission.review(policy(behavior={"scaleDown": {"stabilizationWindowSeconds": 30}}), OFFLINE)
    assert hasty.refusals == ()
    assert [one.reason for one in hasty.warnings] == [LintReason.SHORTER_THAN_COLD_START]


def test_a_deployment_is_judged_beside_the_policy_it_names_where_that_is_known() -> None:
    given = deployment(replicas=None, scaling={"minReplicas": 2, "maxReplicas": 4, "policy": {"name": "bad"}})
    found = policies.read(policy(idle={"scaleToZero": {"after": "15m"}}))
    assert found is not None
    beside = replace(OFFLINE, policies=dict([found]))
    assert admission.review(given, OFFLINE).warnings == ()
    assert [one.reason for one in admission.review(given, beside).warnings] == [LintReason.NEVER_AT_ZERO]
    assert policies.read({"kind": "AutoscalingPolicy"}) is None


def test_an_argument_that_is_missing_is_named_in_the_warning() -> None:
    """Values among the arguments may be secrets, and are hidden; a flag is none."""
    sees = deployment(model={"source": "hf://Qwen/Qwen2.5-VL-7B-Instruct"}, engine={"context": {"maxTokens": 4096}})
    warned = [one.value for one in admission.review(sees, OFFLINE).warnings if one.field == "spec.engine.extraArgs"]
    assert warned == ["--allowed-media-domains: absent"]


def test_who_has_seen_it_run_overrules_the_fit_and_nothing_else() -> None:
    large = {"model": {"source": "hf://meta-llama/Llama-3.1-70B-Instruct"}}
    enforced, overruled = (admission.review(deployment(**large, fitCheck=one), OFFLINE) for one in ("Enforce", "Warn"))
    assert [one.reason for one in enforced.refusals] == [AdmissionReason.DOES_NOT_FIT]
    assert enforced.refusals[0].remedy.endswith("; or spec.fitCheck: Warn, if you have seen it run like this")
    assert overruled.refusals == ()
    (warning,) = overruled.warnings
    assert (warning.field, warning.reason) == ("spec.accelerator.product", AdmissionReason.DOES_NOT_FIT)
    assert warning.because.endswith("; it starts nevertheless, since spec.fitCheck is Warn")
    assert "spec.fitCheck" not in warning.remedy
    wrong = admission.review(deployment(**large, fitCheck="Warn", engine={"extraArgs": ["--swap-space=4"]}), OFFLINE)
    assert [one.field for one in wrong.refusals] == ["spec.engine.extraArgs[0]"]


def test_a_fit_that_need_not_be_overruled_is_as_without() -> None:
    assert admission.review(deployment(fitCheck="Warn"), OFFLINE) == admission.review(deployment(), OFFLINE)


def test_an_unknown_model_is_admitted_with_a_warning_that_its_fit_is_unknown() -> None:
    review = admission.review(deployment(model={"source": "hf://a/b"}), OFFLINE)
    assert review.refusals == ()
    assert [(one.reason, one.remedy) for one in review.warnings] == [
        (
            AdmissionReason.FIT_UNKNOWN,
            "set spec.model.shape, which starts a new revision, or read the engine's log when it starts",
        )
    ]
    assert isinstance(review.fit, NoFit)
    assert review.fit.verdict is FitVerdict.UNKNOWN


def test_what_the_engine_refuses_is_not_called_unknown_as_well() -> None:
    review = admission.review(engine(context={"maxTokens": 100_000}), OFFLINE)
    assert [one.field for one in review.refusals] == ["spec.engine.context.maxTokens"]
    assert [one for one in review.warnings if one.reason is AdmissionReason.FIT_UNKNOWN] == []


def test_a_context_that_was_lengthened_by_hand_is_let_in_and_not_judged() -> None:
    long = {"name": "VLLM_ALLOW_LONG_MAX_MODEL_LEN", "value": "1"}
    review = admission.review(engine(context={"maxTokens": 100_000}, env=[long]), OFFLINE)
    assert review.refusals == ()
    assert [one.because for one in review.warnings if one.reason is AdmissionReason.FIT_UNKNOWN] == [
        "whether it fits is unknown: the context has 100000 tokens, and the model was made for 40960"
    ]


def test_what_fits_only_with_luck_is_a_warning() -> None:
    reviews = (
        admission.review(deployment(model=LLAMA, engine={"context": {"maxTokens": context}}), OFFLINE)
        for context in range(20_000, 80_000, 500)
    )
    review = next(one for one in reviews if one.fit is not None and one.fit.verdict is FitVerdict.TIGHT)
    assert review.refusals == ()
    assert [one.remedy for one in review.warnings if one.reason is AdmissionReason.FIT_IS_TIGHT] == [
        "leave more room, for instance by a smaller context.maxTokens"
    ]


def test_adapters_take_memory_for_every_slot() -> None:
    plain = admission.review(deployment(model=LLAMA), OFFLINE).fit
    many = [{"name": f"a{place}", "source": "hf://a/b", "rank": 64} for place in range(12)]
    adapted = admission.review(
        deployment(model=LLAMA, engine={"adapters": many, "context": {"maxTokens": 8192}}), OFFLINE
    )
    assert isinstance(plain, NoFit)
    assert adapted.fit is not None
    assert adapted.fit.memory is not None
    assert adapted.fit.memory.adapters.likely > 0


def test_a_draft_is_resolved_like_a_model() -> None:
    def speculating(draft: str) -> Review:
        speculation = {"method": "draftModel", "draft": {"source": draft}}
        return admission.review(
            deployment(
                model=LLAMA, accelerator={"product": "NVIDIA-H100-80GB-HBM3"}, engine={"speculation": speculation}
            ),
            OFFLINE,
        )

    review, unknown = speculating("hf://meta-llama/Llama-3.2-1B-Instruct"), speculating("hf://a/b")
    assert review.setup is not None
    assert review.setup.draft_shape is not None
    assert review.refusals == ()
    assert unknown.setup is not None
    assert unknown.setup.draft_shape is None


def test_a_large_model_is_offered_every_kind_of_way_out_that_fits() -> None:
    review = admission.review(deployment(model={"source": "hf://Qwen/Qwen3-32B"}), OFFLINE)
    (refusal,) = review.refusals
    assert isinstance(review.fit, NoFit)
    assert {one.change for one in review.fit.alternatives} <= set(ConfigurationChange)
    assert all(f"{one.words} ({memory_fit.FIELDS[one.change]})" in refusal.remedy for one in review.fit.alternatives)


def test_a_refusal_states_where_no_configuration_fits() -> None:
    tiny = Accelerator(
        product="NVIDIA-T0",
        memory_mib=2048,
        bandwidth_gbs=None,
        bf16_tflops=None,
        fp8_tflops=None,
        capability=ComputeCapability(7, 0),
    )
    poor = ReviewContext(catalogue=replace(CONTEXT.catalogue, accelerators={"NVIDIA-T0": tiny}))
    review = admission.review(
        deployment(model={"source": "hf://Qwen/Qwen3-32B"}, accelerator={"product": "NVIDIA-T0"}), poor
    )
    assert review.refusals[-1].remedy.startswith(
        "what fits, smallest change first: no configuration of this catalogue; or spec.fitCheck: Warn"
    )


def test_every_way_out_names_its_field() -> None:
    assert set(memory_fit.FIELDS) == set(ConfigurationChange)


def test_an_object_with_generate_name_is_accepted_and_one_without_a_name_is_refused() -> None:
    assert admission.review(deployment() | {"metadata": {"generateName": "chat-"}}, OFFLINE).refusals == ()
    (refusal,) = admission.review(deployment() | {"metadata": None}, OFFLINE).refusals
    assert refusal.sentence == "metadata.name: absent: every object needs a name; add metadata.name, for instance chat"


def test_a_model_from_its_own_configuration_wins_over_the_catalogue() -> None:
    context = ReviewContext(catalogue=CONTEXT.catalogue, configs={"Qwen/Qwen3-0.6B": "{}"})
    review = admission.review(deployment(), context)
    assert isinstance(review.fit, NoFit)
    assert review.fit.reason is FitReason.ARCHITECTURE_UNKNOWN


def test_a_stated_shape_is_used_for_the_fit() -> None:
    shape = {
        "layers": 32,
        "hiddenSize": 4096,
        "attentionHeads": 32,
        "kvHeads": 8,
        "headSize": 128,
        "vocabularySize": 128_256,
        "maxPosition": 8192,
        "intermediateSize": 14_336,
    }
    review = admission.review(deployment(model={"source": "pvc://models/chat", "shape": shape}), OFFLINE)
    assert isinstance(review.fit, Fit)
    assert review.refusals == ()


def test_an_architecture_that_is_not_known_yet_is_named() -> None:
    review = admission.review(deployment(model={"source": "hf://moonshotai/Kimi-K3"}), OFFLINE)
    assert review.fit is not None
    assert "kimi_linear" in review.fit.because


def test_every_engine_has_a_release() -> None:
    assert set(releases()) == set(EngineKind)


@pytest.mark.parametrize(
    "cron",
    ["0 8 * * 1-5", "*/5 0-12/2 1,15 JAN-mar sun", "0 0 29 2 *", "0 0 31 2 MON", "5/10 * * * *", "0 0 * * 7"],
)
def test_a_cron_expression_that_holds_some_day_passes(cron: str) -> None:
    window = ScheduleWindow(name="a", cron=cron, time_zone="Mars/Olympus", duration_seconds=60.0)
    assert list(schedules.refusals((window,), None)) == []
