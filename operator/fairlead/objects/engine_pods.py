"""The pod template of one engine, from its launch and its spec; it passes Pod Security `restricted`.

Sets no counts. The same input gives the same template, in every release that does not change how it is built.
"""

from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.engine_launch import EngineLaunch, EnvVar, HttpProbe
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.objects import (
    adapter_loader,
    container_variables,
    engine_placement,
    engine_volumes,
    labels,
    pod_metadata,
    security,
)
from fairlead.objects.engine_volumes import PodVolumes
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner
from fairlead.objects.pod_engine import CONTAINER


def template(owner: Owner, deployment: DesiredDeployment, launch: EngineLaunch, revision: str) -> Manifest:
    """Build the whole template; nothing in it is a default that the API server would return in another form."""
    desired = deployment.revision
    volumes = engine_volumes.pod_volumes(desired.storage, launch)
    shared = volumes.of_claim(launch.staged.claim) if launch.staged else ""
    return {
        "metadata": pod_metadata.of(
            desired.pod_metadata, labels.engine(owner.name, revision), _annotations(desired, launch)
        ),
        "spec": {
            **adapter_loader.pod_fields(owner, desired, launch.staged, shared),
            "containers": [_container(desired, launch, volumes)],
            "volumes": [*volumes.volumes, *adapter_loader.volumes(desired, launch.staged, shared)],
            "terminationGracePeriodSeconds": launch.shutdown.grace_seconds,
            "restartPolicy": "Always",
            "automountServiceAccountToken": False,
            # Some engines read variables for the namespace's Services as settings: a Service named `vllm` sets
            # VLLM_PORT to an address, which ends vLLM's start.
            "enableServiceLinks": False,
            "securityContext": security.of_pod(launch.user, assigned=deployment.assigned_users),
            **engine_placement.placement_fields(desired, revision),
            **adapter_loader.pull_fields(desired, launch.staged),
        },
    }


def _annotations(revision: DesiredRevision, launch: EngineLaunch) -> dict[str, str]:
    """Return annotations: adapters, so that routers send their requests to pods that load them; the engine's file."""
    found = sorted(one.name for one in revision.engine.adapters)
    written = {labels.ADAPTERS: ",".join(found)} if found else {}
    if launch.options is not None:
        written[labels.OPTIONS] = launch.options.text
    return written


def _container(revision: DesiredRevision, launch: EngineLaunch, volumes: PodVolumes) -> Manifest:
    ports = [{"name": port.name, "containerPort": port.number, "protocol": "TCP"} for port in launch.ports]
    wait = launch.shutdown.pre_stop_seconds
    return {
        "name": CONTAINER,
        "image": revision.engine.image,
        **_started(launch),
        "env": container_variables.environment(
            EnvVar(name="HOME", value=engine_volumes.TMP),
            EnvVar(name="USER", value=CONTAINER),
            *launch.environment,
        ),
        "ports": ports,
        **engine_placement.resources(revision, launch.offloaded_bytes + launch.host_cache_bytes),
        "startupProbe": _probe(launch.probes.startup),
        "readinessProbe": _probe(launch.probes.readiness),
        "livenessProbe": _probe(launch.probes.liveness),
        **({"lifecycle": {"preStop": {"sleep": {"seconds": wait}}}} if wait else {}),
        # An engine logs why it ends and writes no termination message; without this the pod's status would not show it.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": security.of_container(),
        "volumeMounts": [*volumes.mounts, *adapter_loader.engine_mounts(launch.staged)],
    }


def _started(launch: EngineLaunch) -> Manifest:
    """Replace the image's entrypoint by the command, unless the image runs only by its own."""
    words = [escaped(word) for word in launch.command]
    return {"args": words[1:]} if launch.keeps_entrypoint else {"command": words}


def escaped(word: str) -> str:
    """Escape an argument so that Kubernetes passes it on: it would expand `$(NAME)` to a variable, and halve `$$`."""
    return word.replace("$", "$$")


def _probe(probe: HttpProbe) -> Manifest:
    return {
        "httpGet": {"path": probe.path, "port": probe.port},
        "periodSeconds": probe.period_seconds,
        "timeoutSeconds": probe.timeout_seconds,
        "failureThreshold": probe.failures,
    }
