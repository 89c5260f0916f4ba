"""Policies that docs/autoscaling.md recommends: `fairlead validate` accepts each without a warning."""

import pytest

from house import prose
from house.tree import ROOT
from tests.cli.conftest import File, Run

HEAD = "apiVersion: fairlead.dev/v1alpha1\nkind: AutoscalingPolicy\nmetadata: {name: told}\n"
POLICIES = prose.blocks((ROOT / "docs/autoscaling.md").read_text(encoding="utf-8"), "yaml")


def test_the_page_has_some_policies() -> None:
    assert len(POLICIES) >= 6


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_of_the_page_is_accepted_without_a_warning(run: Run, file: File, policy: str) -> None:
    code, out, err = run("validate", file(policy if policy.startswith("apiVersion") else HEAD + policy))

    assert (code, err) == (0, "")
    assert "warning" not in out
