"""Which requests have one possible response, decided from their bodies.

Cacheable are chat, completions, responses and messages with temperature 0, or with a seed if the surface has one, and
embeddings, which are never sampled. Function tools are fine: the model only proposes calls and the client runs them, so
the same proposal is right for the same history. Tools that a server runs itself are not.
"""

from collections.abc import Callable
from typing import Any, Final

from fairlead.router.cache.reasons import CacheBypassReason

Body = dict[str, Any]

NO_SEED: Final = -1
"""vLLM's value for "no seed" (SamplingParams)."""
PROPOSED: Final = frozenset({"function", "custom", None})
"""Types of tools that the client runs; an Anthropic tool that the client defines has no type."""
INLINE: Final = frozenset(
    {
        "text", "input_text", "output_text", "refusal", "thinking", "redacted_thinking", "reasoning", "summary_text",
        "reasoning_text", "tool_use", "tool_result", "message", "function_call", "function_call_output",
        "custom_tool_call", "custom_tool_call_output", "input_audio", None,
    }
)  # fmt: skip
"""Types of content that the body contains whole."""
LINKS: Final = ("image_url", "audio_url", "video_url")
"""Members that vLLM reads from parts without a type: `renderers/chat_utils.py`."""
HELD_IN: Final = {"image": "source", "document": "source", "input_image": "image_url"}
"""The member that holds the content of these types; of others it has the type's name."""
STATEFUL: Final = (
    "background", "conversation", "kv_transfer_params", "ec_transfer_params", "mcp_servers", "previous_response_id",
    "prompt_cache_retention", "store", "web_search_options",
)  # fmt: skip
"""Fields that, when true or not empty, tie a response to state that only the engine has.

OpenAI stores responses by default, but vLLM only if its environment says so; so only an explicit `store: true` counts,
or no response would ever be cached.
"""


def objection(surface: str, body: Body) -> CacheBypassReason | None:
    """Return why this body's response may not be cached; None if it may."""
    for check in CHECKS[surface]:
        if (found := check(body)) is not None:
            return found
    return None


def _sampled(body: Body) -> CacheBypassReason | None:
    seed = body.get("seed")
    if type(seed) is int and seed != NO_SEED:
        return None
    return _warm(body)


def _warm(body: Body) -> CacheBypassReason | None:
    """Without a seed only temperature 0 is deterministic; without a temperature the engine's default samples."""
    temperature = body.get("temperature")
    cold = temperature == 0 and type(temperature) is not bool
    return None if cold else CacheBypassReason.SAMPLED


def _several(body: Body) -> CacheBypassReason | None:
    """Check `n` and `best_of`. The engine validates values that are not numbers, and its 4xx is not cached."""
    for name in ("n", "best_of"):
        if body.get(name) not in (None, 1):
            return CacheBypassReason.SEVERAL
    return None


def _stateful(body: Body) -> CacheBypassReason | None:
    for name in STATEFUL:
        if body.get(name):
            return CacheBypassReason.STATEFUL
    return None


def _acting(body: Body) -> CacheBypassReason | None:
    tools = body.get("tools")
    if not tools:
        return None
    if type(tools) is not list:
        return CacheBypassReason.TOOLS_ACT
    for tool in tools:
        if type(tool) is not dict or _kind(tool) not in PROPOSED:
            return CacheBypassReason.TOOLS_ACT
    return None


def _elsewhere_in_messages(body: Body) -> CacheBypassReason | None:
    return _elsewhere(body.get("messages"))


def _elsewhere_in_input(body: Body) -> CacheBypassReason | None:
    """Check the input. A prompt stored under an id can change elsewhere, as a linked image can."""
    if body.get("prompt"):
        return CacheBypassReason.ELSEWHERE
    return _elsewhere(body.get("input"))


def _elsewhere(items: object) -> CacheBypassReason | None:
    """Check messages and items, and the parts of each two levels down (a tool's result has parts of its own)."""
    if type(items) is not list:
        return None
    for item in items:
        if type(item) is not dict or (type(item.get("content")) is str and "type" not in item):
            continue  # plain text, as nearly all are: 0.1 us instead of 0.4
        if not _stands_here(item, 2):
            return CacheBypassReason.ELSEWHERE
    return None


def _stands_here(item: Body, depth: int) -> bool:
    kind = _kind(item)
    if item.get("uuid") is not None:  # an id in the engine's cache of media
        return False
    if kind is None:
        held = [item[name] for name in LINKS if name in item]
    else:
        held = [] if kind in INLINE else [item.get(HELD_IN.get(kind, kind))]
    if not all(map(_is_data, held)):
        return False
    return _all_stand_here(item.get("content"), depth) and _all_stand_here(item.get("output"), depth)


def _all_stand_here(parts: object, depth: int) -> bool:
    """Check the parts of a message, or of what a tool returned; anything but a list is text."""
    if type(parts) is not list:
        return True
    return depth > 0 and all(
        type(part) is str or (type(part) is dict and _stands_here(part, depth - 1)) for part in parts
    )


def _kind(item: Body) -> str | None:
    """Return an item's type; one that is not a string counts as unknown."""
    kind = item.get("type")
    return kind if kind is None or type(kind) is str else "?"


def _is_data(held: object) -> bool:
    """Whether an image, a video or audio is in the body: a `data:` URL or Anthropic's base64."""
    if isinstance(held, dict):
        if held.get("type") == "base64" and "url" not in held:
            return True
        held = held.get("url")
    return type(held) is str and held.startswith("data:")


Check = Callable[[Body], CacheBypassReason | None]

CHECKS: Final[dict[str, tuple[Check, ...]]] = {
    "chat": (_sampled, _several, _stateful, _acting, _elsewhere_in_messages),
    "completions": (_sampled, _several, _stateful),
    "responses": (_sampled, _stateful, _acting, _elsewhere_in_input),
    "messages": (_warm, _stateful, _acting, _elsewhere_in_messages),
    "embeddings": (_stateful, _elsewhere_in_messages),
}
"""Checks by surface; other surfaces are not cached at all."""
