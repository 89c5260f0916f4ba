"""Lanes beside the interactive one: for long jobs, and for work that is not urgent."""

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.string_formats import Duration, Share
from fairlead.api.traffic import Count, TokenLimit


class LongLane(ApiModel):
    """Long jobs wait in a lane of their own, so that chat does not wait for them."""

    min_prompt_tokens: TokenLimit = Field(
        default=16_384, description="Prompts of at least this many tokens are long jobs. Default 16384."
    )
    min_output_tokens: TokenLimit = Field(
        default=8192, description="Requests for answers of at least this many tokens are long jobs. Default 8192."
    )
    max_share: Share = Field(
        default="0.30", description='Largest share of the capacity that long jobs take. Default "0.30".'
    )
    max_queue_time: Duration = Field(
        default="5m", description="How long a long job waits before 503, at most timeouts.total. Default 5m."
    )


class BatchLane(ApiModel):
    """Work that is not urgent uses idle capacity. A client requests it with the header x-fairlead-lane: batch."""

    below_utilization: Share = Field(
        default="0.70", description='Batch work starts while replicas are used less than this. Default "0.70".'
    )
    max_queue_time: Duration = Field(
        default="12h",
        description="How long batch work waits before 503; timeouts.total begins when it is sent to a replica. A "
        "router that shuts down refuses what waits. Default 12h.",
    )
    max_queued: Count = Field(default=10_000, description="Most batch requests that wait. Default 10000.")


class Lanes(ApiModel):
    """Lanes beside the interactive one."""

    long: LongLane | None = Field(default=None, description="A lane for long jobs. Default: none.")
    batch: BatchLane | None = Field(default=None, description="A lane for work that is not urgent. Default: none.")
