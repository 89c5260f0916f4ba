"""What Helm prints after an installation of the chart."""

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from house import chart_manifests
from tests.apiserver.packaged import nested


def notes(helm: Path, values: dict[str, Any]) -> str:
    """Install nothing, and return what would be printed; no API server is needed."""
    words = [str(helm), "install", "fairlead", str(chart_manifests.CHART), "-n", chart_manifests.NAMESPACE]
    done = subprocess.run(
        [*words, "--dry-run=client", "-f", "-"],
        input=yaml.safe_dump(nested(values)),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"KUBECONFIG": os.devnull},
    )
    return done.stdout.partition("NOTES:")[2]
