"""Bad adapters: fields that contradict each other, or values that cannot be parsed."""

from typing import Any, Final

from fairlead.api.kinds import ADAPTER
from tests.api.bad import Bad

FIRST: Final = f"sha256:{'a' * 64}"
SECOND: Final = f"sha256:{'b' * 64}"
_WHOLE: Final = (
    "the traffic of all versions has to add up to 100; set the traffic of each version, for instance 95 and 5, or "
    "100 and 0"
)


def _adapter(*versions: dict[str, Any], **rest: object) -> dict[str, Any]:
    return {"deployment": "chat", "versions": list(versions), **rest}


_VERSION: Final = {"digest": FIRST, "source": "hf://a/sql"}

ADAPTER_RULES: Final = (
    Bad(
        story="versions with more than 100 percent of the traffic",
        kind=ADAPTER,
        spec=_adapter({"digest": FIRST, "source": "hf://a/sql"}, {"digest": SECOND, "source": "hf://a/sql"}),
        at="spec.versions",
        wording=_WHOLE,
    ),
    Bad(
        story="a single version with half of the traffic",
        kind=ADAPTER,
        spec=_adapter({"digest": FIRST, "source": "hf://a/sql", "traffic": 50}),
        at="spec.versions",
        wording=_WHOLE,
    ),
    Bad(
        story="a revision of a folder",
        kind=ADAPTER,
        spec=_adapter({"digest": FIRST, "source": "pvc://adapters/sql", "revision": "v1"}),
        at="spec.versions[0].revision",
        wording="only hf:// sources have revisions; remove revision, or use an hf:// source",
    ),
    Bad(
        story="a canary among three versions",
        kind=ADAPTER,
        spec=_adapter(*(_VERSION | {"digest": f"sha256:{one * 64}"} for one in "abc"), canary={}),
        at="spec.versions",
        wording="a canary compares one new version with the one that serves; keep only those two in the list, or "
        "remove canary and set the traffic of each version",
    ),
    Bad(
        story="a canary with traffic set on a version",
        kind=ADAPTER,
        spec=_adapter(_VERSION | {"traffic": 95}, _VERSION | {"digest": SECOND, "traffic": 5}, canary={}),
        at="spec.versions",
        wording="with canary its steps decide what each version gets, so traffic would be ignored; remove the traffic "
        "of each version, or remove canary",
    ),
    Bad(
        story="an adapter's canary with shrinking traffic",
        kind=ADAPTER,
        spec=_adapter(_VERSION, canary={"steps": [{"traffic": 20}, {"traffic": 10}]}),
        at="spec.canary.steps",
        wording="the traffic of a canary must not shrink from step to step; order the steps by traffic",
    ),
    Bad(
        story="an adapter's canary whose gate comes after most users have it",
        kind=ADAPTER,
        spec=_adapter(_VERSION, canary={"steps": [{"traffic": 80}]}),
        at="spec.canary.steps",
        wording="no step may have more than 50 percent of the traffic before gate Service has passed; give a step with "
        "at most 50 percent gates: [Service]",
    ),
    Bad(
        story="an adapter's gate Service at a step without traffic",
        kind=ADAPTER,
        spec=_adapter(_VERSION, canary={"steps": [{"gates": ["Service"]}]}),
        at="spec.canary.steps[0].gates",
        wording="gate Service compares users' requests, and with traffic 0 none reaches the new version; set traffic "
        "to 5 or more, or remove gate Service from this step",
    ),
)
