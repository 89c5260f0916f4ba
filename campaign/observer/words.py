"""What a status message must never be: about a missing pod, out of range, ungrammatical, or endless."""

import re
from collections.abc import Iterator
from typing import Final

from campaign.observer import facts as seen
from campaign.observer.facts import Facts
from campaign.observer.verdicts import Lie
from fairlead.fleet.conditions import ConditionReason, ConditionType

LONGEST: Final = 1000
"""Characters; a refusal lists all its reasons, everything else is far shorter."""
NOUNS: Final = "replica|router|node|GPU|request|token|pod|second|minute|engine|stream|tenant|revision|client"
ONE_OF_MANY: Final = re.compile(rf"(?<!of )(?<![\w.,:-])1 ({NOUNS})s\b")
MANY_OF_ONE: Final = re.compile(rf"(?<![\w.,:-])(?:0|[2-9]|\d[\d,]*\d) ({NOUNS})\b(?![- /]s|-)")
OF: Final = re.compile(r"(?<![\w.,:-])(\d+) of (\d+)\b")
POD: Final = re.compile(r"\bpod ([a-z0-9][-a-z0-9]*-[a-z0-9]{5})\b")
PYTHON: Final = re.compile(r"\b(None|True|False|nan|inf)\b|\{\}|\[\]|<[a-z_.]+ object|Traceback")
DOUBLE: Final = re.compile(r"\b(\w+) \1\b|;\s*;|\s{2,}|\.\.(?!\.)| ;")
THEIRS: Final = re.compile(r"(?:the scheduler says: |the cluster refuses the pods: ).*?(?:; (?=\d+ replicas? keep)|$)")
"""Kubernetes' own text, which is repeated verbatim."""
REASONS: Final = frozenset(ConditionReason)
TYPES: Final = frozenset(ConditionType)


def lies(facts: Facts) -> Iterator[Lie]:
    """Messages that are wrong by themselves, or about missing objects."""
    names = {one["metadata"]["name"] for one in facts.pods}
    hanging = {one["metadata"]["name"] for one in facts.engines if seen.hangs(one)}
    for kind, one in facts.conditions.items():
        message = str(one["message"])
        if kind not in TYPES:
            yield _lie(kind, kind, "this condition is in no list")
        if one["reason"] not in REASONS:
            yield _lie(kind, str(one["reason"]), "this reason is in no list")
        if not message:
            yield _lie(kind, message, "it says nothing")
        if one["reason"] == "CrashLoop" and hanging & set(POD.findall(message)):
            yield _lie(kind, message, "its container runs and answers no probe: it does not crash now")
        for flaw in (*flaws(THEIRS.sub("", message)), *_of_missing(message, names)):
            yield _lie(kind, message, flaw)


def flaws(message: str) -> Iterator[str]:
    """What is wrong with a message regardless of its subject."""
    if len(message) > LONGEST:
        yield f"it has {len(message)} characters"
    for pattern, flaw in (
        (ONE_OF_MANY, "one of a thing is called many"),
        (MANY_OF_ONE, "many of a thing are called one"),
        (PYTHON, "a word of the program's own"),
        (DOUBLE, "a word or a gap twice"),
    ):
        if found := pattern.search(message):
            yield f"{flaw}: {found.group(0)!r}"
    for part, whole in OF.findall(message):
        if int(part) > int(whole):
            yield f"{part} of {whole}"


def _of_missing(message: str, names: set[str]) -> Iterator[str]:
    for name in POD.findall(message):
        if name not in names:
            yield f"there is no pod {name}"


def _lie(kind: str, answer: str, fact: str) -> Lie:
    return Lie(about=f"{kind} (words)", reported=answer, fact=fact)
