"""Validates an engine's scrape against the one before: which figures count, and why others do not."""

from dataclasses import replace
from typing import Final

from fairlead.autoscaler.samples.sample import PodSample
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.scaling.facts import SampleProblem

COUNTERS: Final = (
    *("prompt_tokens", "generation_tokens", "finished", "preemptions", "steps", "step_tokens"),
    *("prefix_queries", "prefix_hits", "loaded", "drafts", "draft_tokens", "accepted_tokens"),
)
HISTOGRAMS: Final = ("time_to_first_token", "inter_token", "request_pace")


def after(before: PodSample[EngineLoad], load: EngineLoad | UnreadableScrape, at: float) -> PodSample[EngineLoad]:
    """Return the sample after a page that was true at that time."""
    if isinstance(load, UnreadableScrape):
        line = f" in {load.line!r}" if load.line else ""
        return with_doubt(before, SampleProblem.UNREADABLE, f"its metrics are rejected: {load.reason}{line}")
    if (wrong := contradiction(load)) is not None:
        return with_doubt(before, SampleProblem.CONTRADICTORY, wrong)
    if before.figures is not None and (counter := _went_back(before.figures, load)) is not None:
        because = f"its counter {counter} went backwards: the engine restarted"
        return PodSample(figures=load, at=at, problem=SampleProblem.RESET, because=because)
    if before.figures is None or load.moves_at_ends or _moved(before.figures, load):
        return PodSample(figures=load, at=at, problem=None, because="")
    since = before.unmoved_since if before.unmoved_since is not None else before.at
    scrapes = before.unmoved_scrapes + (1 if at != before.at else 0)
    return PodSample(figures=load, at=at, problem=None, because="", unmoved_since=since, unmoved_scrapes=scrapes)


def with_doubt(before: PodSample[EngineLoad], problem: SampleProblem, because: str) -> PodSample[EngineLoad]:
    """Return the sample after a failed scrape, with its figures unchanged."""
    return replace(before, problem=problem, because=because)


def contradiction(load: EngineLoad) -> str | None:
    """Describe two figures of one page that contradict each other."""
    for part, whole in (("prefix_hits", "prefix_queries"), ("accepted_tokens", "draft_tokens")):
        some, every = getattr(load, part), getattr(load, whole)
        if some is not None and every is not None and some > every:
            return f"{part} {some:g} are more than {whole} {every:g}"
    return None


def _went_back(before: EngineLoad, load: EngineLoad) -> str | None:
    for counter in COUNTERS:
        old, new = getattr(before, counter), getattr(load, counter)
        if old is not None and new is not None and new < old:
            return counter
    for name in HISTOGRAMS:
        older, newer = getattr(before, name), getattr(load, name)
        if older is not None and newer is not None and newer.count < older.count:
            return name
    return None


def _moved(before: EngineLoad, load: EngineLoad) -> bool:
    return any(getattr(before, counter) != getattr(load, counter) for counter in COUNTERS)
