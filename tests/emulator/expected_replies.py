"""An engine's reply known in advance, for tests that check every word of a response."""

from fairlead.emulator.serve_arguments import VOCABULARY
from fairlead.emulator.surface import prompts, replies
from fairlead.emulator.surface.fields import JsonObject
from fairlead.emulator.surface.generation import chat_request
from fairlead.emulator.surface.prompts import PromptLimits
from fairlead.emulator.surface.replies import ReplyGenerator
from fairlead.emulator.text import tokenizer


def chat_text(
    body: JsonObject, *, context_tokens: int, vocabulary: int = VOCABULARY, adapter: str | None = None
) -> str:
    """The text of the first choice of a chat without tools, from an engine with default reply settings."""
    request = chat_request(body, force_usage=False)
    words = tokenizer.of(vocabulary)
    ids = prompts.of_chat(body["messages"], PromptLimits(context_tokens, words))
    wanted: int = request.body.get("max_completion_tokens") or request.body.get("max_tokens", context_tokens)
    request.sampling.max_tokens = min(wanted, context_tokens - len(ids))
    seed = replies.seed_of(ids, request.sampling, 0, adapter)
    return ReplyGenerator(tokenizer=words).reply(request.sampling, request.structured, seed).text
