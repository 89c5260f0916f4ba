"""What the choice of a target may depend on."""

from dataclasses import dataclass, field

from fairlead.fleet.model_routes import Difficulty
from fairlead.routing.models import difficulty


@dataclass(slots=True, kw_only=True, eq=False)
class RouteFacts:
    """Facts of one request, gathered once."""

    model: str
    """As the client named it; empty if it named none."""
    prompt_tokens: int = 0
    output_tokens: int | None = None
    """The client's maximum; None if it named none."""
    structured_output: bool = False
    tools: bool = False
    tenant: str = ""
    task: str = ""
    """From `x-fairlead-task`."""
    difficulty: Difficulty | None = None
    """From `x-fairlead-difficulty`; if None, it is estimated when a rule needs it."""
    session: int = 0
    """Hash of the session's name: its requests stay with one target of Weighted. Zero: chosen by chance each time."""
    prompt: bytes = b""
    """Canonical text of the prompt, read only for the estimate."""
    _difficulty: Difficulty | None = field(default=None, init=False, repr=False)

    def level(self) -> Difficulty:
        """The difficulty that the client named, or the estimate, which is made once."""
        if self.difficulty is not None:
            return self.difficulty
        if self._difficulty is None:
            self._difficulty = difficulty.estimated(
                self.prompt, self.prompt_tokens, self.output_tokens, tools=self.tools
            )
        return self._difficulty
