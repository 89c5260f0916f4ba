"""An answer as checks see it, from any API."""

from fairlead.fleet.light_dataclass import light


@light
class ToolCall:
    """A tool call by the model."""

    name: str
    arguments: str
    """JSON, as the model wrote it."""


@light
class AnswerChoice:
    """One of the replies that a request wants, usually the only one."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    refusal: str = ""
    """Text that the API itself marks as a refusal."""
    cut: bool = False
    """Whether it ended at its token limit."""
    probability: float | None = None
    """Mean probability of its tokens; None if the reply has no logprobs."""


Answer = tuple[AnswerChoice, ...]
