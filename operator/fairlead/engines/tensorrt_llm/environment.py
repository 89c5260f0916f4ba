"""The environment of TensorRT-LLM: caches that outlive the pod, no usage reports, and a token by reference."""

from typing import Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.engine_launch import EnvVar

_CACHES: Final = (
    ("HF_HOME", "huggingface"),
    ("TRITON_CACHE_DIR", "triton"),
    ("TORCHINDUCTOR_CACHE_DIR", "torchinductor"),
    ("FLASHINFER_WORKSPACE_BASE", "flashinfer"),
)
"""Caches of the libraries that it uses."""


def variables(setup: EngineSetup) -> tuple[EnvVar, ...]:
    """Our variables first; users' variables follow and were checked not to repeat ours."""
    revision = setup.revision
    return (
        *(EnvVar(name=name, value=f"{weight_paths.CACHE}/{folder}") for name, folder in _CACHES),
        EnvVar(name="TRTLLM_NO_USAGE_STATS", value="1"),
        *_hub(setup),
        # References first: Kubernetes replaces $(NAME) in a value only if NAME is listed before it.
        *(EnvVar(name=each.name, value=each) for each in revision.engine.env_from),
        *(EnvVar(name=name, value=value) for name, value in revision.engine.extra_env),
    )


def _hub(setup: EngineSetup) -> tuple[EnvVar, ...]:
    if not weight_paths.uses_hub(setup.revision):
        return (EnvVar(name="HF_HUB_OFFLINE", value="1"),)
    token = setup.revision.model.token_secret
    return () if token is None else (EnvVar(name="HF_TOKEN", value=token),)
