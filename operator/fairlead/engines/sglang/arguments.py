"""A desired engine as SGLang 0.5.23's command line: each typed field has its own flags, extra arguments come last."""

from typing import Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang import field_flags, http_api, metrics
from fairlead.engines.sglang.cpu import settings

LOG_INTERVAL: Final = 10
"""Steps between two updates of the gauges while only answers are generated; SGLang's 40 can take seconds at a large
batch. Each update is a line in the log."""


def command(setup: EngineSetup) -> tuple[str, ...]:
    """Return the whole command. Metrics and cached tokens in `usage` are off by default; it must listen on the pod's
    address."""
    return (
        "sglang",
        "serve",
        weight_paths.path_to_open(setup.revision.model.source, weight_paths.MODEL),
        *("--host", "0.0.0.0"),  # noqa: S104 - a pod's address is not known before it runs
        *("--port", str(http_api.API.port)),
        "--enable-metrics",
        "--enable-cache-report",
        *("--decode-log-interval", str(LOG_INTERVAL)),
        *("--bucket-time-to-first-token", *metrics.FIRST_TOKEN_BOUNDS),
        *settings.arguments(setup),
        *(argument for row in field_flags.FIELDS for argument in row.write(setup)),
        *setup.engine.extra_args,
    )
