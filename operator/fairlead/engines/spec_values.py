"""What a spec says about something an engine may be unable to do: values for the rows of `field_limits`.

None where the spec says nothing about it.
"""

from collections.abc import Callable

from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import SourceScheme, SpeculationMethod
from fairlead.fleet.quantization import WeightFormat

SpecValue = Callable[[EngineSetup], str | None]


def processor(setup: EngineSetup) -> str | None:
    """A node's processor instead of GPUs."""
    return setup.revision.product if setup.on_cpu else None


def bucket(setup: EngineSetup) -> str | None:
    """A model in a bucket."""
    source = setup.revision.model.source
    return f"s3://{source.location}" if source.scheme is SourceScheme.S3 else None


def bucket_of_draft(setup: EngineSetup) -> str | None:
    """A draft in a bucket."""
    draft = setup.engine.speculation.draft
    return f"s3://{draft.location}" if draft is not None and draft.scheme is SourceScheme.S3 else None


def bucket_of_adapter(setup: EngineSetup) -> str | None:
    """The first adapter in a bucket."""
    found = (one.source for one in setup.engine.adapters if one.source.scheme is SourceScheme.S3)
    return next((f"s3://{source.location}" for source in found), None)


def lora(setup: EngineSetup) -> str | None:
    """Slots for adapters that come and go."""
    found = setup.engine.lora
    return f"{found.slots} slots" if found is not None else None


def weights_of(*formats: WeightFormat) -> SpecValue:
    """Weights in one of these formats, in the spec or in the checkpoint."""
    return lambda setup: setup.weights if setup.weights in formats else None


def speculation_number(name: str) -> SpecValue:
    """A speculation setting, while speculation is on."""

    def value(setup: EngineSetup) -> str | None:
        speculation = setup.engine.speculation
        number = getattr(speculation, name)
        return None if number is None or speculation.method is SpeculationMethod.OFF else str(number)

    return value


def speculation_across_stages(setup: EngineSetup) -> str | None:
    """Speculation with pipeline parallelism."""
    method = setup.engine.speculation.method
    return method if method is not SpeculationMethod.OFF and setup.revision.parallelism.pipeline > 1 else None


def tools_on_demand(setup: EngineSetup) -> str | None:
    """Tools that the model may call only if the client requires it."""
    tools = setup.engine.tools
    return "false" if tools is not None and not tools.auto else None


def inline_template(setup: EngineSetup) -> str | None:
    """The start of a template written in the spec; a brace tells it from a path, as in conversion."""
    found = setup.engine.chat_template
    return found.strip()[:40] if isinstance(found, str) and "{" in found else None


def sleep(setup: EngineSetup) -> str | None:
    """Sleep mode."""
    return "true" if setup.engine.sleeps else None


def cuda_graph_tokens(setup: EngineSetup) -> str | None:
    """The longest step that should run from a CUDA graph."""
    most = setup.engine.cuda_graph_tokens
    return None if most is None else str(most)


def ranks(setup: EngineSetup) -> str | None:
    """A replica of more than one rank."""
    degrees = setup.revision.parallelism
    return f"{degrees.tensor} x {degrees.pipeline} x {degrees.data}" if degrees.gpus != 1 else None


def share_of_memory(setup: EngineSetup) -> str | None:
    """The share of memory that the engine may use."""
    share = setup.engine.memory_utilization
    return None if share is None else f"{share:g}"


def memory_below(least: int) -> SpecValue:
    """Less main memory than this for a model of unknown shape; with a known one the fit decides, which is more
    exact."""

    def value(setup: EngineSetup) -> str | None:
        cpu = setup.revision.cpu
        if setup.shape is not None or cpu is None:
            return None
        return cpu.words if cpu.memory_bytes < least else None

    return value
