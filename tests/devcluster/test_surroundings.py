"""Which of the starting user's environment variables a cluster's components see."""

from pathlib import Path

import pytest

from devcluster.inside import bringup
from devcluster.layout import MARKER, Layout
from house.lane import IN_LANE


def test_components_bear_the_name_of_their_lane_so_that_lanes_beside_it_know_whose_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(IN_LANE, "operated")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of somebody else")

    seen = bringup.environment(Layout(tmp_path))

    assert seen[IN_LANE] == "operated"
    assert seen[MARKER] == str(tmp_path)
    assert "AWS_SECRET_ACCESS_KEY" not in seen
