"""What TensorRT-LLM cannot do is refused by name, with a remedy; nothing is accepted and ignored."""

from dataclasses import fields, make_dataclass, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.tensorrt_llm import checks, limits
from fairlead.fleet.conversations import ConfigMapKey, Reasoning, Tools
from fairlead.fleet.desired_state import DesiredEngine, DesiredSpeculation, EnvFrom, Parallelism, SpeculationMethod
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines.setups import DRAFT, H100, LATENT, NGRAM, SLOTS, VOLUME, setup_of
from tests.engines.tensorrt_llm.extras_of_tensorrt import ALLOWED, EXTRAS
from tests.engines.tensorrt_llm.inputs import ENGINE, TENSORRT, adapter, setup_with
from tests.engines.tensorrt_llm.refused_by_tensorrt import CANNOT
from tests.engines.tensorrt_llm.wrong_for_tensorrt import WRONG

REFUSED: Final = {**CANNOT, **WRONG, **EXTRAS}


@pytest.mark.parametrize("what", REFUSED)
def test_a_setup_that_cannot_work_gets_one_refusal_with_what_to_do(what: str) -> None:
    setup, field, value, reason, words = REFUSED[what]

    found = TENSORRT.refusals(setup)

    assert [(one.field, one.value, one.reason) for one in found] == [(field, value, reason)], found
    assert words in f"{found[0].because}; {found[0].remedy}"


@pytest.mark.parametrize("what", ALLOWED)
def test_a_setup_that_can_work_gets_none(what: str) -> None:
    assert TENSORRT.refusals(ALLOWED[what]) == ()


def test_every_rule_has_a_test_case_and_names_its_source() -> None:
    fired = {check for setup, *_ in REFUSED.values() for check in checks.REFUSAL_CHECKS if check(setup) is not None}

    assert set(checks.REFUSAL_CHECKS) - fired == {limits.unsupported_field}, "which has a story below"
    assert all(any(row.value(setup) for setup, *_ in CANNOT.values()) for row in limits.LIMITS)
    assert all(row.source for row in limits.LIMITS)


SETTINGS: Final[dict[str, Any]] = {
    "version": "1.3.0rc22",
    "dtype": Dtype.FLOAT16,
    "weights": WeightFormat.FP8,
    "kv": KvFormat.FP8,
    "prefix_caching": False,
    "host_memory_bytes": 64 << 30,
    "speculation": NGRAM,
    "sleeps": True,
    "max_sequences": 8,
    "max_batched_tokens": 512,
    "cuda_graph_tokens": 1024,
    "max_queued_requests": 8,
    "max_context_tokens": 4096,
    "memory_utilization": 0.5,
    "adapters": adapter(),
    "lora": SLOTS,
    "tools": Tools(parser="qwen3"),
    "reasoning": Reasoning(parser="qwen3"),
    "chat_template": ConfigMapKey(name="t", key="k"),
    "eager": True,
    "trust_remote_code": True,
    "extra_args": ("--log_level=debug",),
    "extra_env": (("A", "b"),),
    "env_from": (EnvFrom(name="A", object_name="o", key="k"),),
}
CHOSEN_ELSEWHERE: Final = {"kind", "image"}


def outcome(setup: EngineSetup) -> tuple[object, ...]:
    """What is started, refused and warned of."""
    plain = replace(setup, revision=replace(setup.revision, engine=replace(setup.engine, sleeps=False)))
    return TENSORRT.launch(plain, LifecycleParameters()), TENSORRT.refusals(setup), TENSORRT.warnings(setup)


def test_every_setting_is_done_refused_or_warned_of() -> None:
    assert {*SETTINGS, *CHOSEN_ELSEWHERE} == limits.SETTINGS
    for name, value in SETTINGS.items():
        assert outcome(setup_with(**{name: value})) != outcome(setup_with()), name
    numbers = {"tokens": 5, "lookup_min": 2, "lookup_max": 4, "max_concurrency": 8, "draft": VOLUME}
    assert {"method", *numbers} == limits.SPECULATION_SETTINGS
    for name, value in numbers.items():
        changed: Any = {name: value}
        assert outcome(setup_with(speculation=replace(NGRAM, **changed))) != outcome(setup_with(speculation=NGRAM)), (
            name
        )


def test_a_setting_that_came_later_is_refused_and_not_ignored() -> None:
    later = make_dataclass("Later", [("of_tomorrow", int | None, None)], bases=(DesiredEngine,), frozen=True)
    plain = {one.name: getattr(ENGINE, one.name) for one in fields(ENGINE)}
    setup = setup_with()

    (found,) = TENSORRT.refusals(replace(setup, revision=replace(setup.revision, engine=later(**plain, of_tomorrow=5))))

    assert (found.field, found.value) == ("spec.engine", "of_tomorrow")
    assert "how TensorRT-LLM handles this setting" in found.because


def test_no_setting_is_listed_that_no_longer_exists() -> None:
    assert {one.name for one in fields(DesiredEngine)} >= limits.SETTINGS
    assert {one.name for one in fields(DesiredSpeculation)} >= limits.SPECULATION_SETTINGS


@given(
    engine=st.builds(
        lambda sequences, batched, tokens, method, rank, weights, kv: replace(
            ENGINE,
            max_sequences=sequences,
            max_batched_tokens=batched,
            weights=weights,
            kv=kv,
            speculation=DesiredSpeculation(method=method, tokens=tokens, draft=DRAFT, max_concurrency=tokens),
            adapters=adapter(rank=rank),
        ),
        sequences=st.none() | st.integers(-5, 5000),
        batched=st.none() | st.integers(-5, 70000),
        tokens=st.integers(-3, 12),
        method=st.sampled_from(SpeculationMethod),
        rank=st.integers(-1, 1000),
        weights=st.sampled_from(WeightFormat),
        kv=st.sampled_from(KvFormat),
    ),
    tensor=st.integers(-2, 70),
)
def test_any_numbers_are_always_answered_by_values(engine: DesiredEngine, tensor: int) -> None:
    for refusal in TENSORRT.refusals(setup_of(engine, shape=LATENT, parallelism=Parallelism(tensor=tensor), on=H100)):
        assert refusal.because
        assert refusal.remedy
        assert refusal.field.startswith("spec.")
