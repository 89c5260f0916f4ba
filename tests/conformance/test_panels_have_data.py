"""Prometheus' own engine answers every panel from pages of our processes and real engines: none is empty."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from house.tree import ROOT
from monitoring import files
from tests.monitoring import scraped
from tests.monitoring.test_queries import panels, plain

PROMTOOL: Final = shutil.which("promtool")
FAILED: Final = re.compile(r"^ +expr: (\".*\"), time:", re.MULTILINE)


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here: python -m house.prometheus_server installs one")
def test_no_panel_is_empty(tmp_path: Path) -> None:
    panel_of = {f"count({plain(query)}) > bool 0": where for where, query, _ in panels()}
    story: dict[str, Any] = {
        "rule_files": [str(ROOT / files.RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in scraped.series().items()],
                "promql_expr_test": [
                    {"expr": expr, "eval_time": "20m", "exp_samples": [{"labels": "{}", "value": 1}]}
                    for expr in panel_of
                ],
            }
        ],
    }
    path = tmp_path / "panels.test.yaml"
    path.write_text(yaml.safe_dump(story, width=10**6))
    done = subprocess.run([str(PROMTOOL), "test", "rules", str(path)], capture_output=True, text=True, check=False)
    empty = [panel_of[json.loads(one)] for one in FAILED.findall(done.stdout + done.stderr)]
    assert (done.returncode, empty) == (0, []), done.stdout + done.stderr
