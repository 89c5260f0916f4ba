"""Where users see a sentence, by the file that contains it; a file without a place fails the check."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from house.sentences.sites import Site


@dataclass(frozen=True, slots=True)
class PlaceText:
    """A heading of the page with its text."""

    title: str
    about: str


class Place(Enum):
    """Where users see a sentence, in the order of the page."""

    CONDITION = PlaceText(
        "Conditions",
        "Messages in `status.conditions`, shown by `kubectl describe`; reasons are in [conditions](conditions.md). A "
        "condition that is False also quotes refusals, rollout steps and scaling decisions.",
    )
    REFUSAL = PlaceText(
        "Refusals",
        "What cannot work, reported by admission, the condition `Accepted` and `fairlead validate`, each after the "
        "field's path and value, as in `spec.engine.image: …: {why}; {remedy}`. [Refusals](refusals.md) has examples.",
    )
    WARNING = PlaceText("Warnings", "Accepted, but at a cost: reported by admission, Events and `fairlead validate`.")
    ROLLOUT = PlaceText(
        "Rollout steps", "The message of `Progressing`, of Events, and of `Scheduled` while GPUs are missing."
    )
    SCALING = PlaceText(
        "Scaling decisions",
        "`status.scaling.message`, Events, `fairlead explain` and the decision ledger; a decision joins several.",
    )
    GATE = PlaceText(
        "Verdicts of gates",
        "What `fairlead evaluate` says about a candidate: passed, failed, undecided, or an error of the evaluation.",
    )
    EVENT = PlaceText(
        "Events", "On InferenceDeployments, shown by `kubectl get events`; changed conditions are Events too."
    )
    REPLY = PlaceText(
        "Errors of a router",
        "In the body of a reply, as `error.message` in OpenAI's or Anthropic's format, or as the state of an endpoint.",
    )
    CLI = PlaceText(
        "Command line and start of a process", "On the terminal, or as the last line before a process ends."
    )
    HEALTH = PlaceText(
        "Health pages",
        "The body of `/healthz`, of `/readyz`, and of the reply to a path that a process does not serve.",
    )
    CONSOLE = PlaceText("The console", "On a page of the console, instead of or beside what was requested.")
    LOG = PlaceText("Log lines", "At level warning and above; `log.exception` adds a traceback.")


_LOGS: Final = ("log.warning", "log.error", "log.exception", "log.critical")
_WARNINGS: Final = ("SpecWarning", "_warning", "_no_effect")
_FILES: Final[tuple[tuple[str, Place], ...]] = (
    ("accounting/", Place.REPLY),
    ("api/", Place.REFUSAL),
    ("autoscaler/http_handlers.py", Place.HEALTH),
    ("autoscaler/process.py", Place.HEALTH),
    ("autoscaler/scaling_events.py", Place.EVENT),
    ("accounting/", Place.REPLY),
    ("autoscaler/", Place.SCALING),
    ("backtest/", Place.CLI),
    ("batcher/", Place.CLI),
    ("batching/", Place.CLI),
    ("cli/", Place.CLI),
    ("comparing/", Place.GATE),
    ("console/", Place.CONSOLE),
    ("cluster/pods.py", Place.CONDITION),
    ("cluster/", Place.CLI),
    ("controller/children/applier.py", Place.CONDITION),
    ("controller/children/", Place.EVENT),
    ("controller/events.py", Place.EVENT),
    ("controller/", Place.CONDITION),
    ("documents/", Place.CLI),
    ("engines/failures.py", Place.CONDITION),
    ("engines/sglang/failures.py", Place.CONDITION),
    ("engines/sglang/warning_checks.py", Place.WARNING),
    ("engines/tensorrt_llm/failures.py", Place.CONDITION),
    ("engines/tensorrt_llm/unknown_flags.py", Place.WARNING),
    ("engines/tensorrt_llm/warning_checks.py", Place.WARNING),
    ("engines/vllm/failures.py", Place.CONDITION),
    ("engines/vllm/warning_checks.py", Place.WARNING),
    ("engines/", Place.REFUSAL),
    ("evaluating/", Place.CLI),
    ("evaluator/", Place.CLI),
    ("adapting/", Place.CONDITION),
    ("loader/", Place.CONDITION),
    ("fleet/endpoints.py", Place.REPLY),
    ("fleet/fit.py", Place.REFUSAL),
    ("fleet/", Place.CLI),
    ("objects/", Place.CONDITION),
    ("planning/", Place.ROLLOUT),
    ("process/ports.py", Place.HEALTH),
    ("process/", Place.CLI),
    ("review/change_warnings.py", Place.WARNING),
    ("review/deployment_review.py", Place.CONDITION),
    ("review/routed_models.py", Place.CONDITION),
    ("review/", Place.REFUSAL),
    ("router/config/", Place.CLI),
    ("router/cache/redis_store.py", Place.CLI),
    ("router/handlers.py", Place.HEALTH),
    ("router/", Place.REPLY),
    ("routing/linear_patterns.py", Place.REFUSAL),
    ("routing/models/expressions/", Place.REFUSAL),
    ("routing/", Place.REPLY),
    ("scaling/cron_expressions.py", Place.REFUSAL),
    ("scaling/lint/", Place.WARNING),
    ("scaling/", Place.SCALING),
    ("simulator/", Place.CLI),
    ("sizing/assessment.py", Place.REFUSAL),
    ("sizing/fit_alternatives.py", Place.REFUSAL),
    ("sizing/", Place.CLI),
    ("telemetry/", Place.LOG),
)
"""The first matching path prefix decides."""


def place_of(site: Site) -> Place | None:
    """Where users see it; None: not defined yet."""
    if site.callee in _LOGS:
        return Place.LOG
    if site.callee in _WARNINGS and site.module.path.startswith(("review/", "engines/", "scaling/lint/")):
        return Place.WARNING
    return next((place for prefix, place in _FILES if site.module.path.startswith(prefix)), None)
