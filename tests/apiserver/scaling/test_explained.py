"""User commands on a real API server and a real operator: what they print about a decision that was really made."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.apiserver.scaling.conftest import Stage
from tests.waiting import eventually


def autoscaler(stage: Stage) -> tuple[str, str]:
    """The stage's operator; in a cluster it would be a pod."""
    return "--autoscaler", f"http://{stage.operator.host}:9090"


def fairlead(stage: Stage, *words: str) -> str:
    """The output of a command, which must have succeeded."""
    environment = os.environ | {"KUBECONFIG": str(stage.door.kubeconfig), "PYTHONPATH": "operator"}
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_explain_says_why_there_are_three_and_the_record_is_decided_the_same_again(
    stage: Stage, tmp_path: Path
) -> None:
    stage.begin("explained")
    stage.pods.load("explained").waiting = 6
    stage.reaches("explained", 3)
    text = fairlead(stage, "explain", "infd/explained", *autoscaler(stage))
    assert text.startswith("infd/explained in default: 3 replicas (")
    assert re.search(r"queueDepth +3 +6 requests wait in routers and 0 in engines, 2 per replica are acceptable", text)
    assert "grows to 4" in text
    assert "Lately" in text
    record = json.loads(fairlead(stage, "explain", "explained", "-o", "json", *autoscaler(stage)))["record"]
    kept = tmp_path / "decisions.jsonl"
    kept.write_text(json.dumps(record) + "\n")
    assert fairlead(stage, "replay", str(kept)) == "1 of 1 decision comes out the same\n"


def test_what_would_make_it_grow_does(stage: Stage) -> None:
    stage.begin("foretold")
    stage.pods.load("foretold").waiting = 4
    stage.reaches("foretold", 2)
    text = fairlead(stage, "explain", "foretold", *autoscaler(stage))
    found = re.search(r"grows to (\d+) +when (\d+) more requests? waits?", text)
    assert found is not None, text
    stage.pods.load("foretold").waiting = 4 + int(found[2])
    stage.reaches("foretold", int(found[1]))


def test_top_shows_every_deployment_with_its_figures(stage: Stage) -> None:
    stage.begin("shown")
    stage.pods.load("shown").waiting = 6
    stage.reaches("shown", 3)

    def row() -> list[str]:
        table = fairlead(stage, "top", "--once", *autoscaler(stage))
        assert "no figures" not in table
        return next(line.split() for line in table.splitlines() if " shown " in line)

    eventually(lambda: row()[3:6] == ["3", "3", "6"], "three are wanted and advised for six that wait", 30)


def test_without_the_process_the_object_still_says_what_was_decided(stage: Stage) -> None:
    stage.begin("told")
    text = fairlead(stage, "explain", "told", "--autoscaler", "http://127.0.0.75:1")
    assert text.startswith("infd/told in default: ")
    assert "The arithmetic cannot be shown: http://127.0.0.75:1" in text
