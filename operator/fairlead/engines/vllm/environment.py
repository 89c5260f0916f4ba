"""The environment vLLM 0.32 runs in: caches that outlive the pod, a token by reference, and nothing reported."""

from fairlead.engines import places
from fairlead.fleet.launch import Variable
from fairlead.fleet.wanted import Wanted, WantedEngine


def variables(wanted: Wanted, budget_seconds: int) -> tuple[Variable, ...]:
    """Ours first; users' own follow and were checked not to repeat them."""
    return (
        Variable(name="HF_HOME", value=f"{places.CACHE}/huggingface"),
        Variable(name="VLLM_CACHE_ROOT", value=f"{places.CACHE}/vllm"),
        Variable(name="VLLM_NO_USAGE_STATS", value="1"),
        # vLLM's own patience, 600 s, would end a slow start that the start-up probe still allows.
        Variable(name="VLLM_ENGINE_READY_TIMEOUT_S", value=str(budget_seconds)),
        *development(wanted.engine),
        *_hub(wanted),
        *users(wanted.engine),
    )


def development(engine: WantedEngine) -> tuple[Variable, ...]:
    """Sleeping and waking are among vLLM's development endpoints; nothing else of ours needs those."""
    return (Variable(name="VLLM_SERVER_DEV_MODE", value="1"),) if engine.sleeps else ()


def users(engine: WantedEngine) -> tuple[Variable, ...]:
    """What users add, values and references."""
    return (
        *(Variable(name=name, value=value) for name, value in engine.extra_env),
        *(Variable(name=each.name, value=each) for each in engine.env_from),
    )


def _hub(wanted: Wanted) -> tuple[Variable, ...]:
    if not places.asks_the_hub(wanted):
        return (Variable(name="HF_HUB_OFFLINE", value="1"),)
    token = wanted.model.token_secret
    return () if token is None else (Variable(name="HF_TOKEN", value=token),)
