"""An order to a canary, written by hand: one that cannot be read is warned of, since nothing would follow it."""

from typing import Any, Final

import pytest

from fairlead.api.kinds import ADAPTER
from fairlead.fleet.canaries import CanaryVerb
from fairlead.fleet.findings import SpecWarning
from fairlead.review import admission
from fairlead.review.order_annotation import ORDER
from fairlead.review.result import AdmissionReason
from tests.review.table import CONTEXT, Object, deployment, gateway, written


def ordered(given: Object, words: Any) -> list[SpecWarning]:  # noqa: ANN401  # whatever is written
    """What is warned of, with this annotation."""
    annotated = given | {"metadata": given["metadata"] | {"annotations": {ORDER: words}}}
    every = admission.review(annotated, CONTEXT).warnings
    return [one for one in every if one.reason is AdmissionReason.ORDER_UNREADABLE]


UNREADABLE: Final = (
    *("pause", "resume 2026-11-20T12:00:00Z", "pause 2026-11-20T12:00:00", "pause now"),
    *("pause 0001-01-01T00:00:00+14:00", "pause 9999-12-31T23:59:59-12:00", "pause 9999-12-31T23:59:59Z"),
)


@pytest.mark.parametrize("words", UNREADABLE)
def test_an_order_without_a_verb_or_a_time_is_warned_of_with_what_to_write(words: str) -> None:
    """It was ignored without a word, and the canary went on."""
    version = {"digest": f"sha256:{'a' * 64}", "source": "hf://acme/chat-sql-lora", "revision": "v1"}
    adapter = written(ADAPTER, {"deployment": "chat", "versions": [version]})
    for given in (deployment(), adapter):
        (found,) = ordered(given, words)
        assert (found.field, found.value) == ("metadata.annotations[fairlead.dev/rollout]", words)
        assert "one of pause, promote, abort, retry and a time: pause 2026-11-20T12:00:00Z" in found.remedy


@pytest.mark.parametrize("verb", list(CanaryVerb))
def test_an_order_that_can_be_read_is_not(verb: str) -> None:
    assert ordered(deployment(), f"{verb} 2026-11-20T12:00:00Z") == []


def test_none_at_all_and_objects_without_canaries_are_not() -> None:
    assert ordered(deployment(), "") == []
    assert ordered(gateway(), "pause") == []
    bare = deployment()
    odd = bare | {"metadata": bare["metadata"] | {"annotations": None}}
    assert [one for one in admission.review(odd, CONTEXT).warnings if "annotations" in one.field] == []
