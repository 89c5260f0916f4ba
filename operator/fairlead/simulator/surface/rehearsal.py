"""What an engine is going to say, for whoever wants to know beforehand: a test that counts every word of an answer."""

from fairlead.simulator.served import VOCABULARY
from fairlead.simulator.surface import prompts, replies
from fairlead.simulator.surface.fields import Body
from fairlead.simulator.surface.generation import chat_asked
from fairlead.simulator.surface.prompts import Limits
from fairlead.simulator.surface.replies import Speaker
from fairlead.simulator.words import tokenizer


def chat_text(told: Body, *, context_tokens: int, vocabulary: int = VOCABULARY, adapter: str | None = None) -> str:
    """The text of the first choice to a chat without tools, from an engine whose replies nothing was set for."""
    asked = chat_asked(told, force_usage=False)
    words = tokenizer.of(vocabulary)
    ids = prompts.of_chat(told["messages"], Limits(context_tokens, words))
    wanted: int = asked.told.get("max_completion_tokens") or asked.told.get("max_tokens", context_tokens)
    asked.sampling.max_tokens = min(wanted, context_tokens - len(ids))
    seed = replies.seed_of(ids, asked.sampling, 0, adapter)
    return Speaker(words=words).reply(asked.sampling, asked.bound, seed).text
