"""What can be wrong with a policy, or with a policy and a deployment that names it: a closed list."""

from fairlead.fleet.findings import FindingReason


class LintReason(FindingReason):
    """What is wrong with a policy, or with a policy and a deployment that names it."""

    NEVER_FIRES = "NeverFires"
    """No load ever exceeds this target."""
    ALWAYS_FIRES = "AlwaysFires"
    """No number of replicas ever meets it."""
    OSCILLATES = "Oscillates"
    """It keeps removing replicas that it has to bring back."""
    SHORTER_THAN_COLD_START = "ShorterThanColdStart"
    POOR_SIGNAL = "PoorSignal"
    SCHEDULES_OVERLAP = "SchedulesOverlap"
    OUT_OF_BOUNDS = "OutOfBounds"
    NEVER_AT_ZERO = "NeverAtZero"
    OVER_BUDGET = "OverBudget"
    PRICE_UNKNOWN = "PriceUnknown"
    ALWAYS_STALE = "AlwaysStale"
    """Metrics are too old before they can be used, or before the next ones come."""
    SWAPPED = "Swapped"
    """Two values that would make sense in each other's place."""
    CANNOT_SLEEP = "CannotSleep"
