"""`fairlead explain` names where images are pulled in advance: a pull is part of the cold start that it plans with."""

import json
from pathlib import Path
from typing import Any

import pytest

from fairlead.scaling.explain import record_codec
from tests.cli.conftest import Run
from tests.cli.decisions import decided
from tests.cli.pretend_cluster import SCALING, running


@pytest.mark.parametrize(
    ("status", "notes"),
    [
        ({}, []),
        ({"prePull": {"image": "engine:2", "nodes": 5, "holding": 5}}, ["5 of 5 nodes hold engine:2."]),
        (
            {"prePull": {"image": "engine:2", "nodes": 5, "holding": 2, "message": "some nodes do not hold it yet"}},
            ["2 of 5 nodes hold engine:2.", "some nodes do not hold it yet."],
        ),
        ({"prePull": {"message": "Fairlead is not permitted to patch it"}}, ["Fairlead is not permitted to patch it."]),
    ],
    ids=["not pulled", "held", "in progress", "blocked"],
)
def test_where_images_are_pulled_in_advance_is_named_beside_the_decision(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: dict[str, Any], notes: list[str]
) -> None:
    with running(tmp_path) as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        cluster.has_operator()
        cluster.has("chat", scaling=SCALING, readyReplicas=1, **status)
        cluster.pages["/fairlead/v1/decisions/team/chat"] = record_codec.encode(decided())
        _, out, _ = run("explain", "-o", "json", "chat", "-n", "team")
    shown = [one for one in json.loads(out)["notes"] if "in advance" in one]
    assert shown == [f"Images pulled in advance: {one}" for one in notes]
