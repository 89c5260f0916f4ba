"""Bad adapters whose fields contradict each other, or are written as nobody reads them."""

from typing import Any, Final

from fairlead.api.kinds import ADAPTER
from tests.api.bad import Bad

FIRST: Final = f"sha256:{'a' * 64}"
SECOND: Final = f"sha256:{'b' * 64}"
_WHOLE: Final = (
    "the traffic of all versions has to add up to 100; set traffic of each version, for instance 95 and 5, or 100 and 0"
)


def _adapter(*versions: dict[str, Any], **rest: object) -> dict[str, Any]:
    return {"deployment": "chat", "versions": list(versions), **rest}


ADAPTER_RULES: Final = (
    Bad(
        story="an adapter whose versions answer more than everybody",
        kind=ADAPTER,
        spec=_adapter({"digest": FIRST, "source": "hf://a/sql"}, {"digest": SECOND, "source": "hf://a/sql"}),
        at="spec.versions",
        wording=_WHOLE,
    ),
    Bad(
        story="an adapter whose only version answers half of everybody",
        kind=ADAPTER,
        spec=_adapter({"digest": FIRST, "source": "hf://a/sql", "traffic": 50}),
        at="spec.versions",
        wording=_WHOLE,
    ),
    Bad(
        story="a commit of a folder",
        kind=ADAPTER,
        spec=_adapter({"digest": FIRST, "source": "pvc://adapters/sql", "revision": "v1"}),
        at="spec.versions[0].revision",
        wording="only a hf:// source has revisions; remove revision, or name a hf:// source",
    ),
)
