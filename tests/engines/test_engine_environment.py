"""The environment of an engine's container: ours, users' additions, and reserved names."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.engines.vllm.environment import TRITON
from fairlead.fleet.desired_state import EnvFrom, SecretKey
from fairlead.fleet.engine_launch import EnvVar
from tests.engines.setups import ENGINE, VOLUME, setup_of


def environment_of(setup: EngineSetup) -> tuple[EnvVar, ...]:
    lifecycle = LifecycleParameters(weight_bytes=16_000_000_000, bytes_per_second=200e6)
    return VllmEngine().launch(setup, lifecycle).environment


def test_the_environment_keeps_caches_names_secrets_and_reports_nothing() -> None:
    token, region = SecretKey(name="hf", key="token"), EnvFrom(name="REGION", object_name="site", key="region")
    setup = setup_of(replace(ENGINE, extra_env=(("VLLM_LOGGING_LEVEL", "DEBUG"),), env_from=(region,)))
    setup = replace(setup, revision=replace(setup.revision, model=replace(setup.revision.model, token_secret=token)))

    assert environment_of(setup) == (
        EnvVar(name="HF_HOME", value="/cache/huggingface"),
        EnvVar(name="VLLM_CACHE_ROOT", value="/cache/vllm"),
        EnvVar(name="TRITON_CACHE_DIR", value="/cache/triton"),
        EnvVar(name="VLLM_NO_USAGE_STATS", value="1"),
        EnvVar(name="VLLM_ENGINE_READY_TIMEOUT_S", value="580"),
        EnvVar(name="HF_TOKEN", value=token),
        EnvVar(name="REGION", value=region),
        EnvVar(name="VLLM_LOGGING_LEVEL", value="DEBUG"),
    )


@pytest.mark.parametrize(
    "own",
    [
        {"extra_env": ((TRITON, "/mine"),)},
        {"env_from": (EnvFrom(name=TRITON, object_name="site", key="folder"),)},
    ],
)
def test_compiled_kernels_stay_where_users_put_them(own: dict[str, Any]) -> None:
    setup = setup_of(replace(ENGINE, **own))

    assert not VllmEngine().refusals(setup)
    assert [one.value for one in environment_of(setup) if one.name == TRITON] != ["/cache/triton"]
    assert [one.name for one in environment_of(setup)].count(TRITON) == 1


def test_our_own_variables_are_refused_from_users_whatever_they_read_them_from() -> None:
    ours = {variable.name for variable in environment_of(setup_of(source=VOLUME))} - {TRITON} | {"HF_TOKEN"}

    for name in ours:
        (plain,) = VllmEngine().refusals(setup_of(replace(ENGINE, extra_env=((name, "x"),))))
        (read,) = VllmEngine().refusals(
            setup_of(replace(ENGINE, env_from=(EnvFrom(name=name, object_name="o", key="k"),)))
        )
        assert plain == read
        assert (plain.value, plain.reason) == (name, EngineReason.VARIABLE_OWNED)
