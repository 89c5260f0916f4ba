"""`python -m bench.report_pictures`: docs/backtesting.md's pictures of the report, by a real Chromium.

The Azure hour and the candidates that the page names, wide and light, narrow and dark; `house.chromium` installs it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from house import browser, chromium
from house.tree import ROOT

PICTURES: Final = (("wide", 1280, 1390, "light"), ("narrow", 390, 1390, "dark"))
FLEET: Final = """
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: one-l40s, namespace: default}
spec:
  model: {source: "hf://meta-llama/Llama-3.1-8B-Instruct"}
  engine: {context: {maxTokens: 8192}}
  accelerator: {product: NVIDIA-L40S}
  replicas: 1
---
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: scaled-a10g, namespace: default}
spec:
  model: {source: "hf://meta-llama/Llama-3.1-8B-Instruct"}
  engine: {context: {maxTokens: 8192}}
  accelerator: {product: NVIDIA-A10G}
  scaling: {minReplicas: 1, maxReplicas: 16, policy: {name: chat}}
---
apiVersion: fairlead.dev/v1alpha1
kind: AutoscalingPolicy
metadata: {name: chat, namespace: default}
spec:
  objectives: {ttftP95: 2s, tpotP95: 100ms}
"""
TRACE: Final = "shared/traces/azure-llm-2023-conv.csv.gz"


def main() -> int:
    """Simulate, and take the screenshots."""
    program = chromium.found()
    if program is None:
        print(f"none of {', '.join(chromium.PROGRAMS)} here: python -m house.chromium", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="fairlead-report-") as name:
        fleet, report = Path(name) / "candidates.yaml", Path(name) / "report.html"
        fleet.write_text(FLEET, encoding="utf-8")
        words = ("simulate", str(fleet), "--traffic", TRACE, "--start", "4", "--cold-start", "110s")
        more = ("--ttft-p95", "2s", "--tpot-p95", "100ms", "--against", "static", "--html", str(report))
        subprocess.run((sys.executable, "-m", "fairlead", *words, *more), cwd=ROOT.parent, check=True)
        with browser.page(program) as page:
            page.open(report.as_uri())
            for kind, width, height, scheme in PICTURES:
                page.resize(width, height, scheme)
                page.value("document.querySelector('#minute').value = 30")
                page.value("document.querySelector('#minute').dispatchEvent(new Event('input'))")
                place = ROOT / "docs" / "reference" / f"report-{kind}.png"
                place.write_bytes(page.picture())
                print(place.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
