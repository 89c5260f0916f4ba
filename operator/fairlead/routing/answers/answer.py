"""An answer as checks see it, whatever API it came by."""

from fairlead.fleet.light_dataclass import light


@light
class ToolCall:
    """One call that the model wants made."""

    name: str
    arguments: str
    """JSON, as the model wrote it."""


@light
class AnswerChoice:
    """One of the replies that a request asked for; mostly there is one."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    refusal: str = ""
    """What the API itself marks as a refusal."""
    cut: bool = False
    """It ended at its limit of tokens."""
    probability: float | None = None
    """Mean probability of its tokens; nothing where the reply has no logprobs."""


Answer = tuple[AnswerChoice, ...]
