"""A desired engine as vLLM 0.32's command line: each typed field has its own flags, extra arguments come last."""

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm import abbreviations, field_flags, http_api


def command(setup: EngineSetup, drain_seconds: int) -> tuple[str, ...]:
    """Return the whole command. The model comes first: a second positional word would end the parser with an error.

    One API server, whatever the data parallelism: vLLM's default is one per engine, and several cut replies at
    shutdown. What a user wrote stays as it is; what follows from it knows whole names.
    """
    whole = abbreviations.completed(setup)
    return (
        "vllm",
        "serve",
        weight_paths.path_to_open(setup.revision.model.source, weight_paths.MODEL),
        *("--host", "0.0.0.0"),  # noqa: S104 - a pod's address is not known before it runs
        *("--port", str(http_api.API.port)),
        *("--api-server-count", "1"),
        *("--shutdown-timeout", str(drain_seconds)),
        *(argument for row in field_flags.FIELDS for argument in row.write(whole)),
        *setup.engine.extra_args,
    )
