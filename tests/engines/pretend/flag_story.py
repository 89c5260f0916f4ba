"""The effect of a field that only the copy of the tree has, as JSON."""

import json
import sys
from dataclasses import replace
from typing import Any, Final

from fairlead.api import deployment_conversion
from fairlead.api.kinds import API_VERSION, DEPLOYMENT
from fairlead.api.object_reader import read_strict
from fairlead.engines import catalogue as engines
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm import limits
from fairlead.fleet.findings import SpecRefusal
from house import kind_definitions

_COPIED: Final[dict[str, Any]] = {"max_log_length": 0}
"""A field that only the copy has."""
ENGINE: Final = engines.ENGINES[engines.DEFAULT]


def main() -> None:
    """Print everything as one object."""
    setup = _setup({"batching": {"maxLogLength": 4}})
    plain = ENGINE.launch(_setup({}), LifecycleParameters()).command
    words = ENGINE.launch(setup, LifecycleParameters()).command
    low = replace(setup, revision=replace(setup.revision, engine=replace(setup.engine, **_COPIED)))
    below = limits.out_of_range(low)
    document = {
        "schema": "maxLogLength" in json.dumps(kind_definitions.definition(DEPLOYMENT)),
        "written": [word for word in words if word not in plain],
        "repeated": [_sentence(one) for one in ENGINE.refusals(_setup({"extraArgs": ["--max-log-len=many"]}))],
        "below one": [] if below is None else [_sentence(below)],
    }
    sys.stdout.write(json.dumps(document))


def _setup(engine: dict[str, Any]) -> EngineSetup:
    spec = {"model": {"source": "hf://Qwen/Qwen3-0.6B"}, "accelerator": {"product": "NVIDIA-L4"}, "engine": engine}
    written = {"apiVersion": API_VERSION, "kind": DEPLOYMENT.name, "metadata": {"name": "chat"}, "spec": spec}
    read = read_strict(written, DEPLOYMENT).value
    assert read is not None
    return EngineSetup(revision=deployment_conversion.deployment(read, engines.releases()).revision)


def _sentence(one: SpecRefusal) -> tuple[str, str]:
    return one.field, one.because


if __name__ == "__main__":
    main()
