"""Whether a pod runs what the spec says: its command, image, variables, GPUs and placement."""

from typing import Final

from campaign.observer import facts as seen
from campaign.observer.facts import Facts

VARIABLES: Final = ("FAIRLEAD_ENGINE_FAULT", "TOKEN", "ABSENT")
"""Engine variables that edits set and remove."""
OPTIONAL: Final = ("campaign-1",)
"""Tolerations that edits add."""


def of_the_spec(facts: Facts) -> list[seen.Manifest]:
    """Engine pods whose command, image, variables, GPUs and placement match the spec."""
    return [one for one in facts.engines if not _differs(one["spec"], facts)]


def _differs(pod: seen.Manifest, facts: Facts) -> bool:
    engine, placed = facts.spec.get("engine") or {}, facts.spec.get("placement") or {}
    main = pod["containers"][0]
    words = [*(main.get("command") or ()), *(main.get("args") or ())]
    batch = (engine.get("batching") or {}).get("maxSequences")
    has = {one["name"]: one.get("value", "from elsewhere") for one in main.get("env") or ()}
    wanted = {one["name"]: one.get("value", "from elsewhere") for one in engine.get("env") or ()}
    tolerated = {one.get("key") for one in pod.get("tolerations") or ()}
    product = (facts.spec.get("accelerator") or {}).get("product")
    limit = ((main.get("resources") or {}).get("limits") or {}).get(seen.GPU, "0")
    return (
        _after(words, "--max-model-len") != str((engine.get("context") or {}).get("maxTokens"))
        or _after(words, "--max-num-seqs") != (str(batch) if batch else "")
        or any(has.get(name) != wanted.get(name) for name in (*wanted, *VARIABLES))
        or bool({*OPTIONAL} & tolerated) != bool(placed.get("tolerations"))
        or (engine.get("image") or main["image"]) != main["image"]
        or main["image"].endswith(":missing") != str(engine.get("image", "")).endswith(":missing")
        or int(limit) != facts.gpus
        or (pod.get("nodeSelector") or {}).get(seen.PRODUCT) != product
    )


def _after(words: list[str], flag: str) -> str:
    """A flag's value, as the next word or after an equals sign."""
    for place, word in enumerate(words):
        if word == flag:
            return words[place + 1]
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return ""
