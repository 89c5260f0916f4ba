"""The status of an adapter: where each of its versions is loaded, and why it is not loaded elsewhere."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.rollout_status import CanaryStatus
from fairlead.api.status import ObjectStatus
from fairlead.api.status_values import Figure, Sentence, ShortText


class AdapterVersionStatus(ApiModel):
    """One version on the replicas chosen for it."""

    digest: ShortText = Field(description="As in the spec.")
    name: ShortText = Field(description="Name by which engines know this version.")
    traffic: Annotated[int | None, Field(ge=0, le=100)] = Field(
        default=None, description="Percent of the conversations that it gets, by its traffic or by the canary's step."
    )
    chosen: Figure = Field(default=None, description="Replicas that are to load it.")
    staged: Figure = Field(default=None, description="Replicas that hold its files, checked.")
    loaded: Figure = Field(default=None, description="Replicas whose engine lists it.")
    reason: ShortText | None = Field(default=None, description="Why it is not loaded on all of them, as one word.")
    message: Sentence = Field(default=None, description="The same in a sentence, with a replica's name.")


class AdapterStatus(ObjectStatus):
    """Observed state of the adapter."""

    served_name: ShortText | None = Field(default=None, description="Name by which clients ask for it.")
    loaded: Figure = Field(default=None, description="Replicas that have all versions loaded.")
    chosen: Figure = Field(default=None, description="Replicas that are to have them.")
    versions: Annotated[tuple[AdapterVersionStatus, ...], KeyedList("digest", lambda one: one.digest)] = Field(
        default=(), max_length=4, description="Each version."
    )
    canary: CanaryStatus | None = Field(default=None, description="The new version on trial, while spec.canary is set.")
