"""The options file for `trtllm-serve --config`: keys of the fields, and what we rely on. JSON, which is valid YAML.

Metrics are off by default and need two keys; structured outputs are refused without a backend for guided decoding; and
without chunked prefill the tokens of one step are also the longest prompt.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.tensorrt_llm.field_keys import KEYS
from fairlead.fleet.engine_launch import OptionsFile

FOLDER: Final = "/etc/fairlead/engine-options"
NAME: Final = "options.yaml"
PATH: Final = f"{FOLDER}/{NAME}"
OURS: Final[Mapping[str, Any]] = MappingProxyType(
    {"return_perf_metrics": True, "enable_iter_perf_stats": True, "guided_decoding_backend": "xgrammar"}
)
"""Always written."""
PIECES: Final = "enable_chunked_prefill"
NEEDED: Final = ("return_perf_metrics", "enable_iter_perf_stats")
"""Keys without which routers and the autoscaler would get no metrics."""


def file(setup: EngineSetup) -> OptionsFile:
    """The same setup gives the same text, since the text is a part of the pod."""
    return OptionsFile(text=json.dumps(keys(setup), indent=1, sort_keys=True), folder=FOLDER, name=NAME)


def keys(setup: EngineSetup) -> dict[str, Any]:
    """Return the whole file. NVIDIA has not tested chunked prefill with pipeline parallelism."""
    found: dict[str, Any] = {**OURS, PIECES: setup.revision.parallelism.pipeline <= 1}
    for row in KEYS:
        for path, value in row.write(setup).items():
            holder, _, last = path.rpartition(".")
            (found.setdefault(holder, {}) if holder else found)[last] = value
    return found
