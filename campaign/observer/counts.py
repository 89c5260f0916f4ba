"""The figures of a status against what can be counted: replicas, ready, routable, wanted, generations."""

from collections.abc import Iterator

from campaign.observer import conditions
from campaign.observer.facts import Facts
from campaign.observer.verdicts import Lie


def lies(facts: Facts) -> Iterator[Lie]:
    """Figures that differ from the pods."""
    generation = facts.document["metadata"]["generation"]
    observed_generation = facts.status.get("observedGeneration")
    if observed_generation != generation:
        yield _lie("observedGeneration", observed_generation, generation)
        return
    for kind, one in facts.conditions.items():
        if one.get("observedGeneration") != generation:
            yield _lie(f"{kind}.observedGeneration", one.get("observedGeneration"), generation)
    counted = {"replicas": len(facts.engines), "readyReplicas": len(facts.ready)}
    if any(page is not None for page in facts.pages.values()):
        counted["routableReplicas"] = len(facts.routable)
    if facts.wanted is not None and not conditions.is_refused(facts):
        counted["desiredReplicas"] = facts.wanted
    for name, number in counted.items():
        if facts.status.get(name) != number:
            yield _lie(name, facts.status.get(name), number)
    for revision in facts.status.get("revisions") or ():
        label = "fairlead.dev/revision"
        mine = [one for one in facts.engines if one["metadata"]["labels"].get(label) == revision["hash"]]
        if revision.get("replicas") != len(mine):
            yield _lie(f"revision {revision['name']}.replicas", revision.get("replicas"), len(mine))


def _lie(about: str, answer: object, counted: object) -> Lie:
    return Lie(about=about, reported=str(answer), fact=f"it is {counted}")
