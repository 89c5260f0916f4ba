"""The tokens of an answer in one shape, whatever names its API has for them."""

from fairlead.router.wire.event_shapes import UsageFields
from fairlead.routing.refusal import TokenUsage


def tokens(value: object) -> int | None:
    """Return the value if it is a number of tokens."""
    return value if type(value) is int and 0 <= value < 2**62 else None


def counts_tokens(fields: UsageFields) -> bool:
    """Whether it counts any: that of a transcription may have only the seconds of the recording."""
    counts = (fields.prompt_tokens, fields.completion_tokens, fields.input_tokens, fields.output_tokens)
    return any(tokens(one) is not None for one in counts)


def usage(fields: UsageFields, before: TokenUsage | None = None) -> TokenUsage:
    """Convert usage to one shape; Anthropic sends the prompt's tokens at the start and the reply's at the end."""
    prompt, output = tokens(fields.prompt_tokens), tokens(fields.completion_tokens)
    if output is None:
        output = tokens(fields.output_tokens)
    details = fields.prompt_tokens_details or fields.input_tokens_details
    cached = tokens(fields.cache_read_input_tokens if details is None else details.cached_tokens)
    if prompt is None:
        prompt = tokens(fields.input_tokens)
        if prompt is not None and details is None:
            prompt += _cache_tokens(fields)
    if before is not None:
        prompt = before.prompt_tokens if prompt is None else prompt
        output = before.output_tokens if output is None else output
        cached = before.cached_tokens if cached is None else cached
    return TokenUsage(prompt_tokens=prompt or 0, output_tokens=output or 0, cached_tokens=cached)


def added(one: TokenUsage | None, other: TokenUsage) -> TokenUsage:
    """Add up the usage of two prompts."""
    if one is None:
        return other
    cached = (one.cached_tokens, other.cached_tokens)
    return TokenUsage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=None if cached == (None, None) else sum(each or 0 for each in cached),
    )


def _cache_tokens(fields: UsageFields) -> int:
    """Return the tokens that Anthropic counts beside `input_tokens`: read from a cache, or written to one."""
    return (tokens(fields.cache_read_input_tokens) or 0) + (tokens(fields.cache_creation_input_tokens) or 0)
