"""Saves the estimates for a deployment in a ConfigMap beside it, so that a restart need not learn them again.

Only speeds, cold starts, demand and what speculation gained are saved: neither each pod's baseline, which the next
samples replace, nor the windows of recent answers, which fill again within one stabilization window.
Written seldom. A process that may not read it starts without, and then never writes it, as it would lose what others
learnt; while the API server does not answer, decisions wait for it.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec

from fairlead.api.kinds import API_VERSION, DEPLOYMENT
from fairlead.autoscaler.scaling_status import MANAGER
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.interfaces import ApiClient
from fairlead.cluster.kinds import Manifest
from fairlead.scaling import former_names
from fairlead.scaling.decide.answer_history import AnswerHistory, SpeculationState
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.learn.demand_forecast import WEEK
from fairlead.scaling.learn.slo_correction import PLACES

EVERY_S: Final = 600.0
"""The most that a crash loses; a longer interval would save nothing, since objects are reconciled as often anyway."""
RETRY_S: Final = 60.0
"""Seconds until the next try to save, after one that failed."""
LARGEST: Final = 256 * 1024
"""Bytes; a ConfigMap holds four times as much."""
KEY: Final = "state.json"
FORMER_KEY: Final = "learnt.json"
FORMER_SPECULATION_KEY: Final = "speculation.json"
"""The same under former names, written for one release: the version before reads only these, and both run at once
while shards are upgraded. What that version writes has no other keys, since it is applied by the same field manager."""

_DECODER: Final = msgspec.json.Decoder(ScalingState)

log = logging.getLogger("fairlead.autoscaler")


async def restore(client: ApiClient, document: Manifest) -> ScalingState:
    """Read what was saved for this very object, by uid; an empty state if there is none or it makes no sense.

    Raises ApiError, after which it is unknown what was saved.
    """
    metadata = document["metadata"]
    found = await client.read(kinds.CONFIG_MAP, metadata["namespace"], name_of(document))
    if found is None or _owner(found) != metadata["uid"]:
        return ScalingState()
    read, problems = _decoded(found.get("data") or {})
    for key, problem in problems.items() if KEY not in read else ():
        log.warning(
            "%s of the learnt speeds and demand makes no sense, so %s: %s",
            key,
            f"{FORMER_KEY} is used" if read else "learning starts from scratch",
            problem,
            extra=about(document),
        )
    return _newer(read)


def lasting(memory: ScalingState) -> ScalingState:
    """Return the part that is saved."""
    estimates = replace(memory.estimates, marks=())
    speculation = memory.answer_history.speculation.lasting
    return ScalingState(estimates=estimates, answer_history=AnswerHistory(speculation=speculation))


def following(memory: ScalingState, *, off: bool, now: float) -> ScalingState:
    """Return the memory with speculation as status has it, whose last switch may be later than the last save."""
    speculation = memory.answer_history.speculation
    if speculation.off is off:
        return memory
    history = replace(memory.answer_history, speculation=replace(speculation, off=off, switched_at=now))
    return replace(memory, answer_history=history)


async def keep(client: ApiClient, document: Manifest, memory: ScalingState) -> bool:
    """Save the memory, unless it is too large; returns False if it should be tried again soon."""
    data = _encoded(lasting(memory))
    if len(data[KEY]) > LARGEST:
        log.warning(
            "the learnt speeds and demand take %d bytes and are not saved", len(data[KEY]), extra=about(document)
        )
        return True
    try:
        await client.apply(manifest(document, data), manager=MANAGER)
    except (ApiError, NotLeading) as problem:
        log.warning("the learnt speeds and demand cannot be saved: %s", problem, extra=about(document))
        return False
    return True


def _decoded(data: Mapping[str, str]) -> tuple[dict[str, ScalingState], dict[str, Exception]]:
    """Return what can be read under the present and the former name, and what is wrong with the rest."""
    read: dict[str, ScalingState] = {}
    problems: dict[str, Exception] = {}
    for key, decode in ((KEY, _present), (FORMER_KEY, _former)):
        try:
            found = decode(data)
            _check_tables(found)
        except (msgspec.DecodeError, RecursionError) as problem:
            problems[key] = problem
        else:
            read |= {} if found is None else {key: found}
    return read, problems


def _check_tables(state: ScalingState | None) -> None:
    """Refuse a table of another length, as another release may write it: each decision would fail at looking it up."""
    estimates = ScalingState().estimates if state is None else state.estimates
    for places, table in ((WEEK, estimates.forecasts.hours), (PLACES, estimates.slo_correction.buckets)):
        if len(table) not in (0, places):
            raise msgspec.ValidationError(f"it has a table of {len(table)} values in place of {places}")


def _newer(read: Mapping[str, ScalingState]) -> ScalingState:
    """Return the present one, unless the release before has learned since: after a rollback it writes only its own, and
    the present one stays if another client has written it too. One that was emptied on purpose has no time."""
    present, former = read.get(KEY), read.get(FORMER_KEY)
    if present is None or former is None:
        return present or former or ScalingState()
    at, former_at = present.estimates.queueing.at, former.estimates.queueing.at
    return former if at is not None and former_at is not None and former_at > at else present


def _present(data: Mapping[str, str]) -> ScalingState | None:
    return _DECODER.decode(data[KEY]) if KEY in data else None


def _former(data: Mapping[str, str]) -> ScalingState | None:
    if not {FORMER_KEY, FORMER_SPECULATION_KEY} & data.keys():
        return None
    estimates, speculation = (
        msgspec.json.decode(data.get(key) or "{}") for key in (FORMER_KEY, FORMER_SPECULATION_KEY)
    )
    former = {"learnt": estimates, "pacing": {"guessing": speculation}}
    return msgspec.convert(former_names.present_state(former), ScalingState)


def _encoded(state: ScalingState) -> dict[str, str]:
    former = former_names.former_state(msgspec.to_builtins(state))
    data = {KEY: state, FORMER_KEY: former["learnt"]}
    if state.answer_history.speculation != SpeculationState():
        data[FORMER_SPECULATION_KEY] = former["pacing"]["guessing"]
    return {key: msgspec.json.encode(value).decode() for key, value in data.items()}


def manifest(document: Manifest, data: Mapping[str, str]) -> Manifest:
    """Build the ConfigMap, owned by the deployment. It lacks the label of children, since the controller prunes
    children that it did not make."""
    metadata = document["metadata"]
    owner = {"apiVersion": API_VERSION, "kind": DEPLOYMENT.name, "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name_of(document),
            "namespace": metadata["namespace"],
            "labels": {"app.kubernetes.io/part-of": "fairlead", "app.kubernetes.io/component": "autoscaler-memory"},
            "ownerReferences": [owner],
        },
        "data": dict(data),
    }


def name_of(document: Manifest) -> str:
    """Return the ConfigMap's name."""
    return f"{document['metadata']['name']}-autoscaler-memory"


def _owner(found: Manifest) -> str:
    owners = found["metadata"].get("ownerReferences")
    return str(owners[0].get("uid", "")) if owners else ""


def about(document: Manifest) -> dict[str, object]:
    """Return the fields of a log line about this deployment."""
    return {"namespace": document["metadata"]["namespace"], "name_of_object": document["metadata"]["name"]}
