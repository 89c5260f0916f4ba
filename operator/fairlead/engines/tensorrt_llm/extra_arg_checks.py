"""What free extra arguments must agree with: the typed fields, what Fairlead relies on, and one another."""

from typing import Final

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.tensorrt_llm import extra_keys, flags, options
from fairlead.engines.tensorrt_llm.field_keys import KEYS
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count

_FORMS: Final = "guided_decoding_backend"


def key_of_a_field(setup: EngineSetup) -> SpecRefusal | None:
    """`commands/_config_overrides.py`: `--set` overrides the file, so the spec would no longer say what runs."""
    rows = [row for row in KEYS if row.written is None or row.written(setup.engine)]
    owned = {key: row.field for row in rows for key in row.keys}
    for path in extra_keys.paths(setup):
        field = next((field for key, field in owned.items() if _touches(path, key)), None)
        if field is not None:
            return _refusal(f"{flags.SET} {path}", f"{field} owns this key", f"set {field} instead")
    return None


def reserved_key(setup: EngineSetup) -> SpecRefusal | None:
    """`commands/_config_overrides.py`: "Configuration path 'model' is not supported by --set"; other keys do what
    reserved options do."""
    for path in extra_keys.paths(setup):
        for keys, because, remedy in flags.RESERVED_KEYS:
            if any(_touches(path, key) for key in keys):
                return _refusal(f"{flags.SET} {path}", because, remedy, EngineReason.ARGUMENT_RESERVED)
    return None


def key_that_we_rely_on(setup: EngineSetup) -> SpecRefusal | None:
    """Without these keys `serve/openai_server.py` has no metrics page, or refuses every schema with 400."""
    for path in extra_keys.paths(setup):
        if path in options.NEEDED:
            return _refusal(f"{flags.SET} {path}", "routers and the autoscaler read metrics through it", "leave it out")
    if extra_keys.values(setup).get(_FORMS, "") is None:
        because = "without a backend TensorRT-LLM refuses every request for JSON or another form with 400"
        return _refusal(f"{flags.SET} {_FORMS}", because, "leave it out, or write xgrammar or llguidance")
    return None


def no_assignment(setup: EngineSetup) -> SpecRefusal | None:
    """`commands/_config_overrides.py`: "Each override must use PATH=YAML_VALUE syntax.", "is not valid YAML."."""
    if all(extra_keys.is_readable(assignment) for assignment in extra_keys.assignments(setup)):
        return None
    return _refusal(
        flags.SET,
        "TensorRT-LLM expects PATH=VALUE with a value in YAML here, and would fail to start",
        f"write one, as in {flags.SET}=scheduler_config.capacity_scheduler_policy=MAX_UTILIZATION",
        EngineReason.ARGUMENT_MALFORMED,
    )


def switch_with_value(setup: EngineSetup) -> SpecRefusal | None:
    """click: "Option '--enable_attention_dp' does not take a value.", "Got unexpected extra argument (false)"."""
    words = setup.engine.extra_args
    for place, word in enumerate(words):
        follows = any(extra_args.flag(one) is None for one in words[place + 1 : place + 2])
        if extra_args.flag(word) in extra_keys.SWITCHES and ("=" in word or follows):
            shown = word.partition("=")[0]
            because, remedy = "it takes no value, and TensorRT-LLM would fail to start", "write it alone, or remove it"
            return _refusal(shown, because, remedy, EngineReason.ARGUMENT_MALFORMED)
    return None


def adapters_beside_experts(setup: EngineSetup) -> SpecRefusal | None:
    """The feature matrix of NVIDIA's documentation: LoRA with expert parallelism or attention DP is "Untested"."""
    spread = extra_keys.ATTENTION if extra_keys.attention_in_ranks(setup) else None
    spread = extra_keys.EXPERTS if extra_keys.expert_degree(setup) > 1 else spread
    if not setup.engine.adapters or spread is None:
        return None
    return _refusal(
        spread,
        "NVIDIA has not tested adapters with experts or attention spread this way",
        "remove it, or remove spec.engine.adapters",
    )


def pool_below_context(setup: EngineSetup) -> SpecRefusal | None:
    """`llmapi/llm_args.py: KvCacheConfig.max_tokens` limits the cache, whatever the memory."""
    pool, context = extra_keys.whole(setup, extra_keys.POOL), setup.context_tokens
    if pool is None or context is None or pool >= context:
        return None
    return _refusal(
        f"{flags.SET} {extra_keys.POOL}",
        f"a request may take {count(context, 'token')}, and this cache holds {pool}",
        f"remove it, or write {context} or more, or {pool} as spec.engine.context.maxTokens",
    )


def _touches(path: str, key: str) -> bool:
    """Match the key, and those above or below it."""
    return f"{path}.".startswith(f"{key}.") or f"{key}.".startswith(f"{path}.")


def _refusal(
    value: str, because: str, remedy: str, reason: EngineReason = EngineReason.ARGUMENT_CONFLICTS
) -> SpecRefusal:
    return SpecRefusal(field=extra_args.FIELD, value=value, reason=reason, because=because, remedy=remedy)
