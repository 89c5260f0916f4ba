"""What SGLang cannot do is refused by name, with a remedy; nothing is accepted and ignored."""

from dataclasses import fields, make_dataclass, replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import checks, limits
from fairlead.fleet.desired_state import (
    Adapter,
    DesiredEngine,
    DesiredSpeculation,
    Parallelism,
    SpeculationMethod,
)
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines.setups import DRAFT, H100, LATENT, VOLUME, setup_of
from tests.engines.sglang.inputs import ENGINE, refusals
from tests.engines.sglang.refused_extras import ALLOWED, EXTRAS
from tests.engines.sglang.refused_fields import CANNOT
from tests.engines.sglang.refused_numbers import WRONG

REFUSED: Final = {**CANNOT, **WRONG, **EXTRAS}


@pytest.mark.parametrize("what", REFUSED)
def test_a_setup_that_cannot_work_gets_one_refusal_with_what_to_do(what: str) -> None:
    setup, field, value, reason, words = REFUSED[what]

    found = refusals(setup)

    assert [(one.field, one.value, one.reason) for one in found] == [(field, value, reason)], found
    assert words in f"{found[0].because}; {found[0].remedy}"


@pytest.mark.parametrize("what", ALLOWED)
def test_a_setup_that_can_work_gets_none(what: str) -> None:
    assert refusals(ALLOWED[what]) == ()


def test_every_rule_has_a_test_case_and_names_its_source_in_sglang() -> None:
    fired = {check for setup, *_ in REFUSED.values() for check in checks.REFUSAL_CHECKS if check(setup) is not None}

    assert set(checks.REFUSAL_CHECKS) - fired == {limits.unsupported_field}, "which has a story below"
    assert all(any(row.value(setup) for setup, *_ in CANNOT.values()) for row in limits.LIMITS)
    assert all(row.source for row in limits.LIMITS)


def test_a_setting_that_came_later_is_refused_and_not_ignored() -> None:
    """As a recipe of CONTRIBUTING.md adds one, for vLLM."""
    later = make_dataclass("Later", [("of_tomorrow", int | None, None)], bases=(DesiredEngine,), frozen=True)
    plain = {one.name: getattr(ENGINE, one.name) for one in fields(ENGINE)}
    setup = setup_of(ENGINE, on=H100)

    def with_length(length: int | None) -> EngineSetup:
        return replace(setup, revision=replace(setup.revision, engine=later(**plain, of_tomorrow=length)))

    assert refusals(with_length(None)) == ()
    (found,) = refusals(with_length(5))
    assert (found.field, found.value, found.reason) == (
        "spec.engine",
        "of_tomorrow",
        EngineReason.NOT_YET_IN_ENGINE,
    )


def test_the_same_holds_for_speculation() -> None:
    later = make_dataclass("Later", [("adaptive", bool, False)], bases=(DesiredSpeculation,), frozen=True)

    (found,) = refusals(setup_of(replace(ENGINE, speculation=later(adaptive=True)), on=H100))

    assert (found.field, found.value) == ("spec.engine.speculation", "adaptive")


def test_no_setting_is_listed_that_no_longer_exists() -> None:
    assert {one.name for one in fields(DesiredEngine)} >= limits.SETTINGS
    assert {one.name for one in fields(DesiredSpeculation)} >= limits.SPECULATION_SETTINGS


@given(
    engine=st.builds(
        lambda sequences, batched, tokens, method, rank, weights, kv, dtype: replace(
            ENGINE,
            max_sequences=sequences,
            max_batched_tokens=batched,
            weights=weights,
            kv=kv,
            dtype=dtype,
            speculation=DesiredSpeculation(method=method, tokens=tokens, draft=DRAFT, max_concurrency=tokens),
            adapters=(Adapter(name="de", source=VOLUME, rank=rank),),
        ),
        sequences=st.none() | st.integers(-5, 5000),
        batched=st.none() | st.integers(-5, 70000),
        tokens=st.integers(-3, 12),
        method=st.sampled_from(SpeculationMethod),
        rank=st.integers(-1, 1000),
        weights=st.sampled_from(WeightFormat),
        kv=st.sampled_from(KvFormat),
        dtype=st.sampled_from(Dtype),
    ),
    tensor=st.integers(-2, 70),
)
def test_any_numbers_are_always_answered_by_values(engine: DesiredEngine, tensor: int) -> None:
    for refusal in refusals(setup_of(engine, shape=LATENT, parallelism=Parallelism(tensor=tensor), gpus=8)):
        assert refusal.because
        assert refusal.remedy
        assert refusal.field.startswith("spec.")
