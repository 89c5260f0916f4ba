"""The environment of vLLM 0.32: caches that outlive the pod, a token by reference, and no usage reports."""

from typing import Final

from fairlead.engines import weight_paths
from fairlead.engines.vllm import adapters
from fairlead.fleet.desired_state import DesiredEngine, DesiredRevision
from fairlead.fleet.engine_launch import EnvVar

TRITON: Final = "TRITON_CACHE_DIR"
QUIET: Final = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "ERROR", "PYTHONPATH": ""}
"""Of a process that only runs vLLM's own checks."""


def variables(
    revision: DesiredRevision, budget_seconds: int, of_hardware: tuple[EnvVar, ...] = ()
) -> tuple[EnvVar, ...]:
    """Our variables first; users' variables follow and were checked not to repeat ours."""
    return (
        EnvVar(name="HF_HOME", value=f"{weight_paths.CACHE}/huggingface"),
        EnvVar(name="VLLM_CACHE_ROOT", value=f"{weight_paths.CACHE}/vllm"),
        *_kernels(revision.engine),
        EnvVar(name="VLLM_NO_USAGE_STATS", value="1"),
        # vLLM's own timeout of 600 s would end a slow start that the startup probe still allows.
        EnvVar(name="VLLM_ENGINE_READY_TIMEOUT_S", value=str(budget_seconds)),
        *of_hardware,
        *development(revision.engine),
        *adapters.updating(revision.engine),
        *_hub(revision),
        *users(revision.engine),
    )


def _kernels(engine: DesiredEngine) -> tuple[EnvVar, ...]:
    """Where Triton caches kernels: compiling them anew took 22 s of a start on an H100 (docs/reference/gpu.md).

    Users could always choose another place, and still can.
    """
    named = {name for name, _ in engine.extra_env} | {each.name for each in engine.env_from}
    return () if TRITON in named else (EnvVar(name=TRITON, value=f"{weight_paths.CACHE}/triton"),)


def development(engine: DesiredEngine) -> tuple[EnvVar, ...]:
    """Sleep and wake-up are among vLLM's development endpoints; nothing else here needs those."""
    return (EnvVar(name="VLLM_SERVER_DEV_MODE", value="1"),) if engine.sleeps else ()


def users(engine: DesiredEngine) -> tuple[EnvVar, ...]:
    """Return the variables that users add, references first: Kubernetes replaces $(NAME) in a value only if NAME is
    listed before it, and a reference has no value to replace anything in."""
    return (
        *(EnvVar(name=each.name, value=each) for each in engine.env_from),
        *(EnvVar(name=name, value=value) for name, value in engine.extra_env),
    )


def _hub(revision: DesiredRevision) -> tuple[EnvVar, ...]:
    if not weight_paths.uses_hub(revision):
        return (EnvVar(name="HF_HUB_OFFLINE", value="1"),)
    token = revision.model.token_secret
    return () if token is None else (EnvVar(name="HF_TOKEN", value=token),)
