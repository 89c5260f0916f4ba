"""The environment of SGLang 0.5.23: caches that outlive the pod, and a token by reference."""

from typing import Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang import abbreviations, extra_arg_checks
from fairlead.engines.sglang.cpu import settings
from fairlead.fleet.engine_launch import EnvVar

HEADERS: Final = "SGLANG_ENABLE_REQUEST_HEADER_OVERRIDES"
"""Without it, the server ignores the header that carries a priority; routers pass on no such header of a client."""

_CACHES: Final = (
    ("HF_HOME", "huggingface"),
    ("SGLANG_CACHE_DIR", "sglang"),
    ("TRITON_CACHE_DIR", "triton"),
    ("TORCHINDUCTOR_CACHE_DIR", "torchinductor"),
    ("FLASHINFER_WORKSPACE_BASE", "flashinfer"),
)


def variables(setup: EngineSetup) -> tuple[EnvVar, ...]:
    """Our variables first; users' variables follow and were checked not to repeat ours."""
    revision = setup.revision
    return (
        *(EnvVar(name=name, value=f"{weight_paths.CACHE}/{folder}") for name, folder in _CACHES),
        *_hub(setup),
        *settings.environment(setup),
        *priorities(setup),
        # References first: Kubernetes replaces $(NAME) in a value only if NAME is listed before it.
        *(EnvVar(name=each.name, value=each) for each in revision.engine.env_from),
        *(EnvVar(name=name, value=value) for name, value in revision.engine.extra_env),
    )


def priorities(setup: EngineSetup) -> tuple[EnvVar, ...]:
    """Only where the engine serves by priority."""
    ranked = abbreviations.completed(setup).gives(extra_arg_checks.PRIORITIES)
    return (EnvVar(name=HEADERS, value="1"),) if ranked else ()


def _hub(setup: EngineSetup) -> tuple[EnvVar, ...]:
    if not weight_paths.uses_hub(setup.revision):
        return (EnvVar(name="HF_HUB_OFFLINE", value="1"),)
    token = setup.revision.model.token_secret
    return () if token is None else (EnvVar(name="HF_TOKEN", value=token),)
