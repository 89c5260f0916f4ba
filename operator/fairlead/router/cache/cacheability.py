"""Which requests have one answer only, told from their bodies.

Kept are: chat, completions, responses and messages with temperature 0, or with a seed where the surface has one; and
embeddings, which are never sampled. Function tools are fine: the model only proposes their calls and the client runs
them, so the same proposal is the right answer to the same history. Tools that a server runs itself are not.
"""

from collections.abc import Callable
from typing import Any, Final

from fairlead.router.cache.reasons import CacheBypassReason

Body = dict[str, Any]

NO_SEED: Final = -1
"""vLLM takes it for "no seed" (SamplingParams)."""
PROPOSED: Final = frozenset({"function", "custom", None})
"""Types of tools that the client runs; an Anthropic tool of the client's own has no type."""
INLINE: Final = frozenset(
    {
        "text", "input_text", "output_text", "refusal", "thinking", "redacted_thinking", "reasoning", "summary_text",
        "reasoning_text", "tool_use", "tool_result", "message", "function_call", "function_call_output",
        "custom_tool_call", "custom_tool_call_output", "input_audio", None,
    }
)  # fmt: skip
"""Types of content that stand in the body whole."""
STATEFUL: Final = (
    "background", "conversation", "kv_transfer_params", "ec_transfer_params", "mcp_servers", "previous_response_id",
    "prompt_cache_retention", "store", "web_search_options",
)  # fmt: skip
"""Fields that, when they say yes or name anything, tie an answer to what only the engine has.

Responses are stored by default in OpenAI's words, and not in vLLM's unless its environment says so; so only an explicit
`store: true` counts, or no response would ever be kept.
"""


def objection(surface: str, body: Body) -> CacheBypassReason | None:
    """Why this body's answer may not be given twice; nothing: it may."""
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
    """Without a seed only temperature 0 will do; none named means the engine's default, which samples."""
    temperature = body.get("temperature")
    cold = temperature == 0 and type(temperature) is not bool
    return None if cold else CacheBypassReason.SAMPLED


def _several(body: Body) -> CacheBypassReason | None:
    """`n` and `best_of` beyond one; what is no number is the engine's to judge, and its 4xx is not kept."""
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
    """A stored prompt, by id, is as much elsewhere as a picture."""
    if body.get("prompt"):
        return CacheBypassReason.ELSEWHERE
    return _elsewhere(body.get("input"))


def _elsewhere(items: object) -> CacheBypassReason | None:
    """Looks into messages and items, and into the parts of each, two levels down (a tool's result has parts again)."""
    if type(items) is not list:
        return None
    for item in items:
        if type(item) is not dict or (type(item.get("content")) is str and "type" not in item):
            continue  # plain words, as nearly all are: 0.1 us instead of 0.4
        if not _stands_here(item, 2):
            return CacheBypassReason.ELSEWHERE
    return None


def _stands_here(item: Body, depth: int) -> bool:
    kind = _kind(item)
    if kind not in INLINE and not _data(kind, item):
        return False
    content = item.get("content")
    if type(content) is not list:
        return True
    return depth > 0 and all(
        type(part) is str or (type(part) is dict and _stands_here(part, depth - 1)) for part in content
    )


def _kind(item: Body) -> str | None:
    """What it says it is; what is no word is of no kind that we know."""
    kind = item.get("type")
    return kind if kind is None or type(kind) is str else "?"


def _data(kind: str | None, part: Body) -> bool:
    """A picture or a sound is here when its address is a `data:` one, or Anthropic's base64, and no engine's own id."""
    if part.get("uuid") is not None:
        return False
    held = part.get("source", part.get(kind or "", part.get("image_url")))
    if type(held) is dict:
        if held.get("type") == "base64":
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
"""By surface; those that are missing are not kept at all."""
