"""What an object reports of itself: conditions, each with a reason of a closed list; whoever writes adds the times."""

from dataclasses import dataclass
from enum import StrEnum


class ConditionType(StrEnum):
    """What is judged."""

    READY = "Ready"
    """What was asked for serves; the summary that kstatus, Helm and Flux read."""
    STALLED = "Stalled"
    """Only a person can change something; present only while true."""
    RECONCILING = "Reconciling"
    """A change is on its way; present only while true."""
    ACCEPTED = "Accepted"
    FITS = "Fits"
    SCHEDULED = "Scheduled"
    AVAILABLE = "Available"
    PROGRESSING = "Progressing"
    ROUTABLE = "Routable"
    SCALING_ACTIVE = "ScalingActive"


class ConditionReason(StrEnum):
    """Why, as one word; documented in docs/reference/conditions.md, which is written from this list."""

    # Accepted
    ACCEPTED = "Accepted"
    REFUSED = "Refused"
    """A setting cannot work; the message names field, value, why and what to do."""
    UNREADABLE = "Unreadable"
    """The stored object breaks the schema of this version; nothing is started or stopped on its account."""
    NOT_FOUND = "NotFound"
    """An object that the spec names is not there; heals when it is created."""
    KEY_MISSING = "KeyMissing"
    """A Secret or ConfigMap is there, without the key that the spec names."""
    NAME_TAKEN = "NameTaken"
    """An object of somebody else has the name of one of our children; it is left alone."""
    # Fits
    FITS = "Fits"
    TIGHT = "Tight"
    DOES_NOT_FIT = "DoesNotFit"
    FIT_UNKNOWN = "FitUnknown"
    MEASURED = "Measured"
    """A running replica reported what it holds; no estimate any more."""
    # Scheduled
    SCHEDULED = "Scheduled"
    NOTHING_TO_SCHEDULE = "NothingToSchedule"
    UNSCHEDULABLE = "Unschedulable"
    """The scheduler finds no node; its own words follow."""
    NO_FREE_GPU = "NoFreeGpu"
    PRODUCT_ABSENT = "ProductAbsent"
    """No node has this GPU; the message lists the products that are there."""
    PODS_REFUSED = "PodsRefused"
    """A quota, a limit or a policy of the cluster refuses the pods; the server's words follow."""
    # Available, Routable
    AVAILABLE = "Available"
    SCALED_TO_ZERO = "ScaledToZero"
    TOO_FEW = "TooFew"
    NONE_READY = "NoneReady"
    ROUTABLE = "Routable"
    ROUTERS_NOT_READY = "RoutersNotReady"
    ROUTERS_SILENT = "RoutersSilent"
    """Routers are ready and do not say what they see, so nobody knows."""
    PROBING = "Probing"
    """Routers are trying a replica that has just become ready; it has seconds to answer."""
    NO_TOKENS = "NoTokens"
    """An engine says it is healthy and answers no request with a token."""
    # Progressing
    COMPLETE = "Complete"
    STARTING = "Starting"
    ROLLING_OUT = "RollingOut"
    PAUSED = "Paused"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    """The revision made no progress in time; what served last serves again."""
    NO_RIGHT = "NoRight"
    """Fairlead itself lacks a right; the message names verb and resource, and the chart grants it."""
    CLUSTER_REFUSES = "ClusterRefuses"
    """The API server or a policy engine refuses one of our objects; its words follow."""
    # Why a replica does not start
    IMAGE_NOT_PULLED = "ImageNotPulled"
    CRASH_LOOP = "CrashLoop"
    OUT_OF_MEMORY = "OutOfMemory"
    OUT_OF_GPU_MEMORY = "OutOfGpuMemory"
    ACCESS_DENIED = "AccessDenied"
    """The hub refuses the model: gated, private, or a wrong token."""
    MODEL_NOT_FOUND = "ModelNotFound"
    BAD_ARGUMENTS = "BadArguments"
    CANNOT_START = "CannotStart"
    """The kubelet cannot make the container; its own words follow."""
    # ScalingActive
    FIXED = "Fixed"
    """Somebody else decides: spec.replicas, kubectl scale, an HPA."""
    RECOMMENDED = "Recommended"
    NO_RECOMMENDATION = "NoRecommendation"
    POLICY_NOT_FOUND = "PolicyNotFound"
    # Ready
    SERVING = "Serving"
    LEAVING = "Leaving"
    INTERNAL_ERROR = "InternalError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One condition, before it has a time."""

    type: ConditionType
    holds: bool | None
    """Nothing: cannot be told."""
    reason: ConditionReason
    message: str
