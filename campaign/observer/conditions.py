"""Each condition by its definition in the reference, judged from facts; what cannot be told from outside is skipped.

The order of `Ready`'s reasons is that of docs/operating.md: the first of Accepted, Progressing, Scheduled, Available
and Routable that is False.
"""

from collections.abc import Iterator
from typing import Final

from campaign.observer import facts as seen
from campaign.observer import written
from campaign.observer.facts import Facts
from campaign.observer.verdicts import MISSING, Lie, Verdict, lie, must

LONGEST_CONTEXT: Final = 131_072
"""Of the model that all stories serve."""
NOT_STARTING: Final = frozenset(
    {
        "ImageNotPulled",
        "CrashLoop",
        "OutOfMemory",
        "OutOfGpuMemory",
        "AccessDenied",
        "ModelNotFound",
        "ModelUnreadable",
        "BadArguments",
        "CannotStart",
        "DeadlineExceeded",
        "EngineEnded",
        "NotReady",
    }
)
CROWDED: Final = frozenset(
    {
        "NoFreeGpu",
        "Unschedulable",
        "Preempted",
        "ProductAbsent",
        "NoNodeSelected",
        "NodesTooSmall",
        "PodsRefused",
        "PodsNotCreated",
    }
)

LACKING: Final = frozenset({"ProductAbsent", "NoNodeSelected"})


def lies(facts: Facts) -> list[Lie]:
    """Conditions that contradict the facts."""
    found = (lie(verdict, facts.conditions.get(verdict.condition)) for verdict in verdicts(facts))
    return [one for one in found if one is not None]


def verdicts(facts: Facts) -> Iterator[Verdict]:
    """What the conditions must say, as far as it can be told from outside."""
    for rule in _RULES:
        found = rule(facts)
        if found is not None:
            yield found


def accepted(facts: Facts) -> Verdict | None:
    """Refused, or naming a missing object, or neither."""
    if _names_unsure(facts):
        return None
    reasons, because = _objection(facts)
    if reasons:
        return must("Accepted", "False", reasons, because)
    return must("Accepted", "True", ("Accepted", "SpeculationOff"), "every setting can work and all it names is there")


def _objection(facts: Facts) -> tuple[tuple[str, ...], str]:
    engine = facts.spec.get("engine") or {}
    if int((engine.get("context") or {}).get("maxTokens", 0)) > LONGEST_CONTEXT:
        return ("DoesNotFit", "Refused"), "the context is longer than the model's"
    if "--port" in (engine.get("extraArgs") or ()):
        return ("Refused",), "a typed field owns --port"
    for named in _secrets(facts):
        if named not in facts.present:
            return ("NotFound",), f"there is no {named}"
    taken = f"Service/{facts.name}-router of somebody else"
    return (("NameTaken",), taken) if taken in facts.present else ((), "")


def _secrets(facts: Facts) -> list[str]:
    """Secrets that the engine's variables are read from."""
    env = (facts.spec.get("engine") or {}).get("env") or ()
    named = (((one.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name") for one in env)
    return [f"Secret/{name}" for name in named if name]


def _names_unsure(facts: Facts) -> bool:
    return any(one in facts.unsure for one in _secrets(facts))


def is_refused(facts: Facts) -> bool:
    """Whether the spec cannot work, or that is not certain yet."""
    return bool(_objection(facts)[0]) or _names_unsure(facts)


def fits(facts: Facts) -> Verdict:
    """The model of all stories fits all their GPUs, with any context that it supports."""
    if is_refused(facts) and "DoesNotFit" in _objection(facts)[0]:
        return Verdict(
            condition="Fits", statuses=frozenset({"False", "Unknown", "True"}), because="no context of the model's"
        )
    reasons = ("Fits", "Tight", "Measured")
    return must("Fits", "True", reasons, "8B at a few thousand tokens fits an L4 and every larger GPU")


def scheduled(facts: Facts) -> Verdict | None:
    """Whether every wanted replica has a node."""
    if is_refused(facts) or facts.wanted is None:
        return None
    if facts.wanted and not facts.hosts:
        return must("Scheduled", "False", LACKING, "no node has the GPU and the labels that are asked for")
    if facts.wanted and facts.too_wide:
        return must("Scheduled", "False", CROWDED, f"no node has {facts.gpus} GPUs, which a replica takes")
    if any(map(seen.unplaced, facts.engines)):
        return must("Scheduled", "False", CROWDED, "the scheduler finds no node for a pod")
    return _placed(facts, facts.wanted)


def _placed(facts: Facts, wanted: int) -> Verdict | None:
    if wanted == 0 and (facts.too_wide or not facts.hosts):
        return None
    if wanted == 0 and not facts.engines:
        return must("Scheduled", "True", ("NothingToSchedule", "Scheduled"), "no replicas are desired")
    if len(facts.engines) >= wanted and all(one["spec"].get("nodeName") for one in facts.engines):
        return _changed_in_place(facts)
    if wanted > len(facts.engines) and not _stuck(facts):
        words = f"{wanted} are wanted and {len(facts.engines)} asked for, and nothing moves"
        return must("Scheduled", "False", CROWDED, words)
    return None


def _changed_in_place(facts: Facts) -> Verdict:
    """Every replica has a node; one more of a new revision may find none, and others' GPUs are not visible here.

    A change in place finds the GPU that it freed, unless that went away with its node.
    """
    in_place = (facts.spec.get("rollout") or {}).get("strategy") != "Surge"
    if is_complete(facts) or (in_place and not facts.lost_gpus):
        return must("Scheduled", "True", ("Scheduled",), "every replica has a node")
    reasons = CROWDED | {"Scheduled"}
    because = "every replica has a node, and a change may wait for a GPU"
    return Verdict(condition="Scheduled", statuses=frozenset({"True", "False"}), reasons=reasons, because=because)


def available(facts: Facts) -> Verdict | None:
    """How many of the wanted replicas are ready."""
    wanted, ready = facts.wanted, len(facts.ready)
    if wanted is None or is_refused(facts):
        return None
    words = f"{ready} are ready and {wanted} wanted"
    if wanted == 0 and ready == 0:
        return must("Available", "True", ("ScaledToZero",), words)
    if ready == 0:
        return must("Available", "False", ("NoneReady",), words)
    if ready < wanted:
        status = "True" if ready >= wanted - _spare(facts) else "False"
        return must("Available", status, ("TooFew",), words)
    return must("Available", "True", ("Available",), words)


def routable(facts: Facts) -> Verdict | None:
    """Whether a ready router sends to a ready replica."""
    if facts.wanted is None or is_refused(facts):
        return None
    if not facts.routers:
        return must("Routable", "False", ("RoutersNotReady",), "no router is ready")
    if not facts.ready and facts.wanted == 0:
        return must("Routable", "True", ("ScaledToZero",), "no replicas are desired")
    if not facts.ready:
        return must("Routable", "False", ("NoneReady",), "no replica is ready")
    return _used(facts)


def _used(facts: Facts) -> Verdict:
    if all(facts.pages.get(one["metadata"]["name"]) is None for one in facts.routers):
        return must("Routable", "Unknown", ("RoutersSilent",), "no router says what it sees")
    words = f"routers send to {len(facts.routable)} of {len(facts.ready)}"
    if facts.routable:
        return must("Routable", "True", ("Routable",), words)
    return must("Routable", "False", ("NoTokens", "Probing"), words)


def progressing(facts: Facts) -> Verdict | None:
    """Complete only when everything that runs matches the spec."""
    if is_refused(facts) or facts.wanted is None or (facts.spec.get("rollout") or {}).get("paused"):
        return None
    broken = [one for one in written.of_the_spec(facts) if seen.crashed(one) or seen.unpulled(one) or seen.hangs(one)]
    if broken:
        mute = {"NoTokens"} if facts.ejected else set[str]()
        return must("Progressing", "False", NOT_STARTING | mute, f"pod {broken[0]['metadata']['name']} does not start")
    if facts.ejected:
        return None
    if is_complete(facts):
        return must("Progressing", "True", ("Complete",), "what runs is what the spec says, all of it ready")
    others = frozenset({"True", "False", "Unknown"})
    document = facts.conditions.get("Progressing") or {}
    if document.get("reason") == "Complete":
        return Verdict(
            condition="Progressing", statuses=others - {"True"}, because="not all that runs is what the spec says"
        )
    return None


def is_complete(facts: Facts) -> bool:
    """Whether exactly the wanted number of replicas run, match the spec and are ready."""
    ours = written.of_the_spec(facts)
    if facts.ejected:
        return False
    return len(ours) == len(facts.engines) == len(facts.awake) == len(facts.ready) == facts.wanted


def ready(facts: Facts) -> Verdict | None:
    """The first of its parts that is False gives the reason; None where no part can be told."""
    parts = {one.condition: one for one in (rule(facts) for rule in _PARTS) if one is not None}
    missed = facts.wanted is not None and len(facts.ready) < facts.wanted
    order = ("Accepted", "Progressing", *(("Scheduled",) if missed else ()), "Available", "Routable")
    for name in order:
        part = parts.get(name)
        if part is not None and part.statuses == {"False"}:
            firsts = (parts[one].reasons for one in order[: order.index(name)] if one in parts)
            reasons = frozenset() if name not in parts else part.reasons.union(*firsts)
            reasons |= NOT_STARTING if name != "Accepted" else frozenset()
            reasons |= {"NoTokens"} if facts.ejected else frozenset()
            return must("Ready", "False", reasons | CROWDED if missed else reasons, f"{name} is False: {part.because}")
        if part is None:
            return None
    if parts["Routable"].statuses == {"Unknown"}:
        return must("Ready", "Unknown", ("RoutersSilent",), "no router says what it sees")
    if parts["Progressing"].reasons == {"Complete"}:
        return must("Ready", "True", ("Serving", "ScaledToZero"), "all that was asked for serves")
    return None


def stalled(facts: Facts) -> Verdict | None:
    """True only if a person must change something."""
    if _names_unsure(facts):
        return None
    if is_refused(facts):
        return must("Stalled", "True", (), "the spec cannot be brought about")
    if is_complete(facts):
        return Verdict(condition="Stalled", statuses=frozenset({MISSING, "False"}), because="all is as asked")
    if facts.wanted and facts.too_wide:
        return must("Stalled", "True", (), f"a replica takes {facts.gpus} GPUs on one node, and no node has so many")
    return None


def reconciling(facts: Facts) -> Verdict | None:
    """True only while a change is being carried out."""
    if is_complete(facts) and not is_refused(facts):
        return Verdict(condition="Reconciling", statuses=frozenset({MISSING, "False"}), because="all is as asked")
    return None


def scaling_active(facts: Facts) -> Verdict | None:
    """What decides the count."""
    if is_refused(facts):
        return None
    scaling = facts.spec.get("scaling")
    if not scaling:
        return must("ScalingActive", "False", ("Fixed",), "spec.replicas decides")
    name = (scaling.get("policy") or {}).get("name")
    if name and f"AutoscalingPolicy/{name}" not in facts.present:
        return must("ScalingActive", "False", ("PolicyNotFound",), f"there is no policy {name}")
    reasons = frozenset(
        {"Recommended", "NoRecommendation", "NoAutoscaler", "FiguresMissing", "AdvisesOnly", "PolicyUnusable"}
    )
    every = frozenset({"True", "False", "Unknown"})
    return Verdict(condition="ScalingActive", statuses=every, reasons=reasons, because="the policy decides")


def _spare(facts: Facts) -> int:
    """How many may be missing during a rollout."""
    rollout = facts.spec.get("rollout") or {}
    named = rollout.get("maxUnavailable")
    return int(named) if named is not None else int(rollout.get("strategy", "Replace") == "Replace")


def _stuck(facts: Facts) -> bool:
    """Whether a replica is missing for another reason than GPUs: another does not start, or still drains."""
    waits = [*facts.leaving, *(one for one in facts.engines if not seen.is_ready(one))]
    return bool(waits) or (facts.conditions.get("Progressing") or {}).get("status") == "False"


_PARTS: Final = (accepted, progressing, scheduled, available, routable)
_RULES: Final = (*_PARTS, fits, ready, stalled, reconciling, scaling_active)
