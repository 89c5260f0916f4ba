"""The model's error where a deployment answers nothing as it is simulated."""

from pathlib import Path

import pytest

from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT
from tests.cli.conftest import Run
from tests.cli.recorded_routers import objects, served


def test_a_deployment_that_was_stopped_since_its_requests_were_logged_has_no_error_to_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    with served(tmp_path, monkeypatch) as cluster:
        stopped = objects()["scaled"]
        del stopped["spec"]["scaling"]
        stopped["spec"]["replicas"] = 0
        cluster.put(INFERENCE_DEPLOYMENT, stopped | {"status": {"observedGeneration": 1}})
        code, out, _ = run("simulate", "--from", "infd/scaled")

    assert (code, "nan" in out) == (1, False)
    assert out.splitlines()[1] == "model error unknown: no request is answered in the simulation of scaled, as it runs"
