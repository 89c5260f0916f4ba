"""Whole children of four deployments as files, for review: `python -m tests.objects.goldens` writes them.

The copy of the template that an engine Deployment carries as text is left out; the template is below it.
"""

import json
from pathlib import Path
from typing import Any, Final

from fairlead.objects import applied_hash, engine_deployment
from fairlead.objects.manifest import Manifest
from tests.api.full_specs import ON_CPU
from tests.objects.specs import FULL, LEAST, everything

FOLDER: Final = Path(__file__).resolve().parent / "data"
WITH_OPTIONS: Final = LEAST | {"engine": {"kind": "TensorRT-LLM", "context": {"maxTokens": 8192}}}
SPECS: Final[dict[str, dict[str, Any]]] = {"least": LEAST, "full": FULL, "cpu": ON_CPU, "options": WITH_OPTIONS}


def built(name: str) -> list[Manifest]:
    """What the builders return now."""
    children = [applied_hash.with_applied_hash(child) for child in everything(SPECS[name])]
    for child in children:
        child["metadata"]["annotations"].pop(engine_deployment.TEMPLATE, None)
    return children


def kept(name: str) -> list[Manifest]:
    """What the files contain."""
    return list(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


if __name__ == "__main__":
    for each in SPECS:
        (FOLDER / f"{each}.json").write_text(json.dumps(built(each), indent=1) + "\n", encoding="utf-8")
