"""docs/troubleshooting.md: what to do about each reason of a condition, from the enum and the packaged remedies.

The enum has the reasons, their order and meanings; people write cause, symptom and remedy. A reason without an entry,
or an entry without a reason, is an error.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from fairlead.fleet.conditions import ConditionReason
from house import status_pages
from house.tree import ROOT

WORDS: Final = ROOT / "operator" / "fairlead" / "review" / "data" / "remedies.yaml"
PAGE: Final = "docs/troubleshooting.md"
_HEAD: Final = """# Troubleshooting

Written by `python -m house.troubleshooting_page` from `operator/fairlead/review/data/remedies.yaml` and
`operator/fairlead/fleet/conditions.py`; changes here are lost.

`kubectl get infd -A` shows the reason of `Ready`; `kubectl describe infd chat -n demo` shows all conditions, each with
its reason and a message that names the field, the value and what to do. This page has an entry for every reason: its
cause, how it shows, the remedy, and a command. `demo` and `chat` stand for your namespace and deployment, `chat.yaml`
for its manifest, `company` for a gateway, `support` for an Evaluation, POD and NAME for what the message names;
`fairlead why` prints the entries that apply right now, with your names filled in. `Ready` repeats the first condition
that is not met, causes before effects ([operating](operating.md#one-deployment-does-not-serve)). If each apply takes
seconds and bad specs are stored without a word, [the webhook is out of
reach](operating.md#when-the-webhook-is-out-of-reach).
"""

Sentence = Annotated[str, Field(min_length=10, pattern=r"^[^\n|]+\.$")]


class Entry(BaseModel):
    """The hand-written part of one reason; if nothing is wrong there is nothing to do."""

    model_config = ConfigDict(extra="forbid")

    cause: Sentence
    shows: Sentence
    remedy: Sentence | None = None
    command: Annotated[str, Field(pattern=r"^(kubectl|fairlead|helm) [^\n]+$")] | None = None


class Mismatch(Exception):
    """Reasons without an entry, or entries without a reason."""


def entries() -> dict[str, Entry]:
    """Read the entries by reason, in the order of the enum."""
    written = {name: Entry.model_validate(one) for name, one in yaml.safe_load(WORDS.read_text("utf-8")).items()}
    reasons = [one.value for one in ConditionReason]
    if list(written) != reasons:
        raise Mismatch(f"{WORDS.name} and ConditionReason differ: {', '.join(_differences(list(written), reasons))}")
    return written


def page() -> str:
    """Build the whole page."""
    meanings = {one.value: status_pages.meanings()["ConditionReason", one.name] for one in ConditionReason}
    written = entries()
    return "\n".join([_HEAD, *(line for name, one in written.items() for line in _section(name, meanings, one))])


def _section(name: str, meanings: Mapping[str, str], one: Entry) -> Iterator[str]:
    yield f"## {name}\n\n{meanings[name]}\n\n**Cause.** {one.cause}\n\n**How it shows.** {one.shows}\n"
    yield f"**Remedy.** {one.remedy or 'No action is needed.'}\n"
    if one.command:
        yield f"```sh\n{one.command}\n```\n"


def _differences(written: list[str], reasons: list[str]) -> list[str]:
    return sorted(set(written) ^ set(reasons)) or ["the order"]


def main() -> int:
    """Write the page."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
