"""One request whose answers are judged: whether to hold an answer for that, and the result of its checks.

An answer is held only if another one could still replace it; any other is passed on as it arrives and checked
afterwards. Requests without checks have no trial, and cost nothing.
"""

from typing import Final

from fairlead.fleet.light_dataclass import light
from fairlead.fleet.model_routes import AnswerCheck, InvalidAnswerAction
from fairlead.router import retried_bodies, route_path
from fairlead.router.answer_checkers import AnswerCheckers
from fairlead.router.answer_tap import AnswerTap
from fairlead.router.probability_check import PROBABILITIES
from fairlead.router.reply import Reply
from fairlead.router.request import Request
from fairlead.router.route_path import RoutePath
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.response_heads import ResponseHead
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.answers import structured_output, wanted_output
from fairlead.routing.answers.answer import Answer
from fairlead.routing.answers.answer_check import CascadeCheck
from fairlead.routing.answers.check_results import PASSED, CheckResult
from fairlead.routing.answers.wanted_output import WantedOutput
from fairlead.routing.models import fallback

CHECKED: Final = frozenset({Surface.CHAT, Surface.COMPLETIONS, Surface.RESPONSES, Surface.MESSAGES})
"""Surfaces on which models write."""


@light
class KeptAnswer:
    """An answer that did not pass, as it would have been sent: given after all if no other one comes."""

    data: bytes
    status: int
    keep: bool
    streams: bool
    target: str
    replica: str
    broke: bool = False
    """Whether it is a stream that its engine ended with an error."""


@light
class AnswerVerdict:
    """The checks' result for one answer."""

    answer: Answer | None
    held: bool
    """Whether it was held back, at least at first."""
    cascade: CheckResult
    structured: CheckResult | None = None
    """None if the request requires no format."""


class AnswerValidation:
    """The trial of one request, across all its answers."""

    __slots__ = ("_check", "_held", "_judges", "_path", "_surface", "_tap", "kept", "retried", "wanted")

    def __init__(self, judges: AnswerCheckers, path: RoutePath, surface: Surface, wanted: WantedOutput | None) -> None:
        self._judges = judges
        self._path = path
        self._surface = surface
        self._check = _check(judges, path, surface)
        self._tap: AnswerTap | None = None
        self._held = False
        self.wanted = wanted
        """The format that its answer must have."""
        self.kept: KeptAnswer | None = None
        self.retried = False
        """The model was sent its error to correct."""

    @property
    def may_replace(self) -> bool:
        """Whether another answer could replace the current target's."""
        if self._check is not None and self._has_larger:
            return True
        if self.wanted is None:
            return False
        path = self._path
        action = path.choice.settings.on_invalid
        if action is InvalidAnswerAction.RETRY:
            return self.may_retry
        return action is InvalidAnswerAction.ESCALATE and bool(fallback.next_for_invalid(path.choice, path.visited))

    @property
    def _has_larger(self) -> bool:
        """Whether the current target belongs to a cascade and is not its last one, whose answer is always given."""
        path = self._path
        return path.in_cascade and fallback.next_escalation(path.choice, path.visited) is not None

    @property
    def may_retry(self) -> bool:
        """Whether the model can be sent its error: once, and only in a conversation."""
        return not self.retried and self._surface in retried_bodies.CONVERSATIONS

    @property
    def wants_probabilities(self) -> bool:
        """Whether the current target's answer is judged by its token probabilities."""
        return self._check is not None and self._check.kind is AnswerCheck.CONFIDENCE and self._has_larger

    def retry(self) -> None:
        """Send the model its error to correct, which is done once."""
        self.retried = True

    def keep(self, answer: KeptAnswer) -> None:
        """Keep an answer that did not pass: it is given after all if no other one comes."""
        self.kept = answer

    def take_kept(self) -> KeptAnswer | None:
        """Return the answer at hand, if there is one, and keep it no longer."""
        kept, self.kept = self.kept, None
        return kept

    def opens(self, reply: Reply, head: ResponseHead) -> bool:
        """Start a response from any target; whether to hold it. A refusal is held if an answer is kept."""
        held = self._held = self.may_replace if head.status < 400 else self.kept is not None
        self._tap = AnswerTap(head) if head.status < 400 and (held or self.wanted is not None) else None
        reply.judge(None if self._tap is None else self._tap.take, held=held)
        return held

    def verdict(self) -> AnswerVerdict | None:
        """Judge the complete answer that has passed; None if there was none, or nothing to judge."""
        if self._tap is None:
            return None
        self._tap.end()
        answer, wanted, held = self._tap.answer(), self.wanted, self._held
        self._tap = None
        check = self._check if held and self._has_larger else None
        return AnswerVerdict(
            answer=answer,
            held=held,
            cascade=PASSED if check is None else check.check(answer, wanted),
            structured=None if wanted is None else structured_output.checked(answer, wanted, self._judges.schemas),
        )


def _check(judges: AnswerCheckers, path: RoutePath, surface: Surface) -> CascadeCheck | None:
    """Return the cascade's check; None if engines report nothing on this surface that it could judge by."""
    found = judges.check(path.choice.settings)
    has_none = found is not None and found.kind is AnswerCheck.CONFIDENCE and surface not in PROBABILITIES
    return None if has_none else found


def of(
    judges: AnswerCheckers, path: RoutePath | None, request: Request, facts: BodyFacts, now: float
) -> AnswerValidation | None:
    """Create the trial of a gateway's request; None if none of its answers is judged."""
    if path is None or request.surface not in CHECKED:
        return None
    wanted = None
    if request.record.structured or route_path.has_tools(facts):
        wanted = wanted_output.wanted_in(request.received.body)
    route = path.choice.settings
    if route.cascade is not None:
        judges.budget(route).count_request(now)
    elif wanted is None:
        return None
    return AnswerValidation(judges, path, request.surface, wanted)
