"""An image named by a tag that is moved is warned of, since a revision should be the same engine everywhere."""

import pytest

from fairlead.review import admission
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason
from tests.review.table import CONTEXT, engine

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)
DIGEST = f"vllm/vllm-openai@sha256:{'a' * 64}"


BUILDS = ("a/b:nightly-2f3a9c1d", "a/b:v0.32.0-cu130", "a/b:dev-20261128", "a/b:main-1.2rc1")
"""Tags of one build, though a word of theirs is moved elsewhere."""


def warned(image: str, kind: str = "vLLM") -> list[str]:
    """The warnings about the image."""
    found = admission.review(engine(image=image, kind=kind), OFFLINE)
    assert found.refusals == ()
    return [one.because for one in found.warnings if one.reason is AdmissionReason.TAG_MOVES]


@pytest.mark.parametrize(
    "image",
    [
        "vllm/vllm-openai:latest",
        "registry.example:5000/vllm:nightly",
        "a/b:latest-cu130",
        "a/b:cu130_nightly",
        "a/b:dev",
    ],
)
def test_a_tag_that_is_moved_is_warned_of(image: str) -> None:
    (found,) = warned(image)
    assert found.startswith(f"{image.rpartition(':')[2]} means another release tomorrow: replicas of 1 revision")
    assert found.endswith("flags are reviewed for 0.32.0")


def test_no_tag_is_the_latest() -> None:
    (found,) = warned("registry.example:5000/vllm/vllm-openai")
    assert found.startswith("no tag means another release tomorrow")


@pytest.mark.parametrize(
    "image", [DIGEST, f"{DIGEST.partition('@')[0]}:latest@{DIGEST.partition('@')[2]}", "own:1", *BUILDS]
)
def test_what_stays_the_same_is_not(image: str) -> None:
    assert warned(image) == []


def test_a_simulated_engine_may_be_what_was_built_last() -> None:
    assert warned("fairlead:latest", kind="Simulated") == []
