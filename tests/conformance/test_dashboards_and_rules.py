"""A real Prometheus reads the rules, fires and clears every alert, and evaluates every query of every panel."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from house.tree import ROOT
from monitoring import files
from tests.monitoring.test_alert_scenarios import STORIES
from tests.monitoring.test_queries import panels, plain

PROMTOOL: Final = shutil.which("promtool")
"""Comes with Prometheus."""
pytestmark = [
    pytest.mark.skipif(PROMTOOL is None, reason="no promtool here: python -m house.prometheus_server installs one"),
]


def promtool(*words: str) -> str:
    """The output of promtool, which must find nothing wrong."""
    done = subprocess.run([str(PROMTOOL), *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_read() -> None:
    rules = sum(len(group["rules"]) for group in yaml.safe_load(files.rules())["groups"])
    assert f"SUCCESS: {rules} rules found" in promtool("check", "rules", files.RULES)


def test_every_alert_fires_and_clears() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(STORIES.relative_to(ROOT)))


def test_every_query_of_every_panel_is_understood(tmp_path: Path) -> None:
    shown = [{"record": f"panel:{number}", "expr": plain(query)} for number, (_, query, _) in enumerate(panels())]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": shown}]}))
    assert f"SUCCESS: {len(shown)} rules found" in promtool("check", "rules", str(path))


def test_the_scrape_jobs_that_the_documents_show_are_read(tmp_path: Path) -> None:
    """Debian builds Prometheus without Kubernetes discovery, so here the targets are static."""
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/monitoring.md").read_text(), re.MULTILINE | re.DOTALL)
    path = tmp_path / "prometheus.yaml"
    path.write_text(re.sub(r"kubernetes_sd_configs: .*", "static_configs: []", shown))
    promtool("check", "config", "--syntax-only", str(path))
