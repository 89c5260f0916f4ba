"""Why an engine cannot run what was asked, or runs it at a cost: one closed list for all engines."""

from enum import unique

from fairlead.fleet.refusals import Reason


@unique
class EngineReason(Reason):
    """The same word stands in the condition, the event and the metric."""

    UNKNOWN_ENGINE = "UnknownEngine"
    ENGINE_NOT_SUPPORTED = "EngineNotSupported"
    VERSION_NOT_KNOWN = "VersionNotKnown"
    ARGUMENT_OWNED = "ArgumentOwned"
    """An extra argument repeats a typed field."""
    ARGUMENT_REMOVED = "ArgumentRemoved"
    """The engine's release no longer has it."""
    ARGUMENT_RESERVED = "ArgumentReserved"
    """It would break what routers, probes and the autoscaler rely on."""
    ARGUMENT_MALFORMED = "ArgumentMalformed"
    ARGUMENT_CONFLICTS = "ArgumentConflicts"
    """It does not go with another argument, a typed field or the model."""
    VARIABLE_OWNED = "VariableOwned"
    VARIABLE_RESERVED = "VariableReserved"
    FORMAT_REMOVED = "FormatRemoved"
    FORMAT_NEEDS_CAPABILITY = "FormatNeedsCapability"
    FORMAT_NEEDS_DTYPE = "FormatNeedsDtype"
    FORMAT_NEEDS_EXPERTS = "FormatNeedsExperts"
    FORMAT_NEEDS_ALIGNMENT = "FormatNeedsAlignment"
    FORMAT_DIFFERS_FROM_CHECKPOINT = "FormatDiffersFromCheckpoint"
    DTYPE_NEEDS_CAPABILITY = "DtypeNeedsCapability"
    KV_FORMAT_NEEDS_CAPABILITY = "KvFormatNeedsCapability"
    KV_FORMAT_DIFFERS = "KvFormatDiffers"
    HEADS_NOT_DIVISIBLE = "HeadsNotDivisible"
    GPUS_DIFFER = "GpusDiffer"
    SPECULATION_INCOMPLETE = "SpeculationIncomplete"
    SPECULATION_NOT_POSSIBLE = "SpeculationNotPossible"
    SPECULATION_OUT_OF_RANGE = "SpeculationOutOfRange"
    VOCABULARY_DIFFERS = "VocabularyDiffers"
    CONTEXT_TOO_LONG = "ContextTooLong"
    BATCH_TOO_SMALL = "BatchTooSmall"
    ADAPTER_RANK_TOO_HIGH = "AdapterRankTooHigh"
    ADAPTER_NAME_TAKEN = "AdapterNameTaken"
    OUT_OF_RANGE = "OutOfRange"
    SLOWER = "Slower"
    """A caution: it works, and something else is faster."""
    RISKY = "Risky"
    """A caution: it works until a load, a restart or another program shows that it does not."""
