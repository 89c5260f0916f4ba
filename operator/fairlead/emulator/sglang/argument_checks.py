"""What SGLang 0.5.23 makes of its flags before it loads anything, and what it refuses then: `srt/arg_groups`."""

from argparse import Namespace
from collections.abc import Callable
from typing import Final

from fairlead.emulator.command_line import ParserExit
from fairlead.emulator.sglang import choices

INDIVISIBLE: Final = "AssertionError: chunked_prefill_size must be divisible by page_size"


def resolved(found: Namespace) -> Namespace:
    """Return the flags as SGLang resolves them; raise `ParserExit` with its words for what it refuses.

    `parallel_hook.py: handle_deprecated_dp_attention`: the older flag takes copies for ranks of attention.
    """
    if found.by_copies and found.attention == 1:
        found.attention, found.data = found.data, 1
    for check in _CHECKS:
        refused = check(found)
        if refused is not None:
            raise ParserExit(refused)
    return found


def _attention(found: Namespace) -> str | None:
    """`parallel_hook.py`; the last is a bare assertion."""
    if found.attention < 1:
        return f"ValueError: --attn-dp-size must be positive (got {found.attention})."
    if found.attention > 1 and found.data > 1:
        return (
            f"ValueError: --dp-size {found.data} with --attn-dp-size {found.attention}: data-parallel replicas "
            "combined with attention data parallelism are not supported."
        )
    if found.tensor % found.attention:
        return f"AssertionError (simulated: {found.attention} ranks of attention on {found.tensor} GPUs)"
    return None


def _algorithm(found: Namespace) -> str | None:
    """`speculative/spec_info.py: from_string`; `speculative_hook.py`."""
    name = (found.speculative_algorithm or "").upper()
    if name in choices.NOT_EMULATED:
        names = ", ".join(choices.DRAFTING)
        return f"(simulated) --speculative-algorithm {name} is not emulated; write one of {names}"
    if name and name not in choices.DRAFTING:
        return f"ValueError: Unknown speculative algorithm name: {name}"
    if found.attention > 1 and name in {"STANDALONE", "NGRAM"}:
        return f"ValueError: Currently {name.lower()} speculative decoding does not support dp attention."
    return None


def _name(found: Namespace) -> str | None:
    """`validation_hook.py: check_server_args`."""
    name = found.served_model_name or found.model or ""
    if ":" not in name or "://" in name:
        return None
    return (
        "AssertionError: served_model_name cannot contain a colon (':') character. The colon is reserved for the "
        f"'model:adapter' syntax used in LoRA adapter specification. Invalid value: '{name}'"
    )


def _adapters(found: Namespace) -> str | None:
    """`lora_hook.py: check_lora_server_args`."""
    if not found.enable_lora or found.lora_paths or (found.max_lora_rank and found.lora_target_modules):
        return None
    return (
        "AssertionError: When no initial --lora-paths is provided, you need to specify both --max-lora-rank and "
        "--lora-target-modules for LoRA initialization."
    )


def _policy(found: Namespace) -> str | None:
    """`validation_hook.py: check_server_args`."""
    if not found.enable_priority_scheduling or found.schedule_policy in {"fcfs", "lof"}:
        return None
    return (
        "AssertionError: To use priority scheduling, schedule_policy must be 'fcfs' or 'lof'. "
        f"'{found.schedule_policy}' is not supported."
    )


def _pages(found: Namespace) -> str | None:
    """`validation_hook.py: check_server_args`; a size that is not given follows from the GPU."""
    size = found.chunked_prefill_size or 0
    return INDIVISIBLE if found.page_size and size > 0 and size // found.attention % found.page_size else None


_CHECKS: Final[tuple[Callable[[Namespace], str | None], ...]] = (
    _attention,
    _algorithm,
    _name,
    _adapters,
    _policy,
    _pages,
)
"""In the order in which SGLang makes them, about."""
