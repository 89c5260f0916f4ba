"""Bad requests, limits and labels of pods: what Kubernetes would refuse in every pod, or Fairlead itself sets."""

from typing import Any, Final

from tests.api.bad import Bad, but

ON_CPU: Final[dict[str, Any]] = {"product": "CPU", "cores": 4, "memory": "8Gi"}


def resources(requests: dict[str, Any], limits: dict[str, Any]) -> dict[str, Any]:
    return but(resources={"requests": requests, "limits": limits})


def mounts(*given: dict[str, Any]) -> dict[str, Any]:
    return but(storage={"mounts": [*given]})


CA: Final = {"path": "/etc/ca", "configMapName": "ca"}

POD_RULES: Final = (
    *(
        Bad(
            story=f"a request of {name} above its limit",
            spec=resources({name: request}, {name: limit}),
            at="spec.resources.requests",
            wording=f"the request of {name} is above its limit, and Kubernetes refuses such a pod; lower "
            f"requests.{name}, or raise limits.{name}",
        )
        for name, request, limit in (
            ("cpu", 2, "1900m"),
            ("memory", "1Gi", "1G"),
            ("ephemeral-storage", "2Ti", "500Gi"),
        )
    ),
    *(
        Bad(
            story=f"a {part} of {name} beside those of a processor",
            spec=but(accelerator=ON_CPU, resources={part: {name: "1"}}),
            at="spec.resources",
            wording=f"with product CPU accelerator.{field} is both request and limit of {name}; remove {name} here, "
            f"and set accelerator.{field}",
        )
        for part in ("requests", "limits")
        for name, field in (("cpu", "cores"), ("memory", "memory"))
    ),
    *(
        Bad(
            story=f"a label {key}: {text!r}",
            spec=but(podMetadata={"labels": {key: text}}),
            at="spec.podMetadata.labels",
            wording="Kubernetes refuses a pod with such a label; write NAME or domain/NAME",
        )
        for key, text in (("a b", "c"), ("team/", "c"), ("a..b/c", "d"), ("team", "search & ads"))
    ),
    Bad(
        story="an annotation of two words",
        spec=but(router={"podMetadata": {"annotations": {"my note": "any text, with = signs"}}}),
        at="spec.router.podMetadata.annotations",
        wording="Kubernetes refuses a pod with an annotation of such a name; write NAME or domain/NAME",
    ),
    *(
        Bad(
            story=f"a label {key} that finds pods",
            spec=but(podMetadata={"labels": {key: "x"}}),
            at="spec.podMetadata.labels",
            wording="Fairlead finds its pods by labels of fairlead.dev and app.kubernetes.io, and Kubernetes by "
            "pod-template-hash; remove it",
        )
        for key in ("fairlead.dev/role", "app.kubernetes.io/managed-by", "pod-template-hash")
    ),
    Bad(
        story="an annotation that Fairlead writes",
        spec=but(podMetadata={"annotations": {"fairlead.dev/asleep": "falling"}}),
        at="spec.podMetadata.annotations",
        wording="annotations of fairlead.dev are records of Fairlead; remove it",
    ),
    Bad(
        story="cores of an engine in words",
        spec=resources({"cpu": "two"}, {}),
        at="spec.resources.requests.cpu",
        wording="this is not a number of processor cores; write cores, for instance 2, 500m",
    ),
    Bad(
        story="a GPU among the requests",
        spec=resources({"nvidia.com/gpu": 1}, {}),
        at="spec.resources.requests.nvidia.com/gpu",
        wording="there is no such field",
        there='unknown field "spec.resources.requests.nvidia.com/gpu"',
    ),
    *(
        Bad(
            story=f"a mount of {story}",
            spec=mounts(CA, mount),
            at="spec.storage.mounts[1].path",
            wording="a mount has exactly one object; set one of configMapName, secretName and claimName",
        )
        for story, mount in (
            ("nothing", {"path": "/own"}),
            ("two objects", {"path": "/own", "secretName": "s", "claimName": "c"}),
        )
    ),
    *(
        Bad(
            story=f"a mount at {path}",
            spec=mounts({"path": path, "configMapName": "ca"}),
            at="spec.storage.mounts[0].path",
            wording="the engine, its image or Fairlead needs what is there; use a folder of your own",
        )
        for path in (
            *("/etc", "/models/model", "/dev/shm", "/cache", "/usr/local/lib", "/etc/fairlead/plan", "/tmp"),
            *("/usr/local/lib/python3.12/dist-packages", "/sgl-workspace/sglang"),
        )
    ),
    *(
        Bad(
            story=f"a mount at the path {path}",
            spec=mounts({"path": path, "configMapName": "ca"}),
            at="spec.storage.mounts[0].path",
            wording="nothing can be mounted at this path; write an absolute path of letters, digits and . _ - + = , @",
        )
        for path in ("own", "/", "/own/", "/own/../etc", "/own/.", "/own/..data", "/own:ro", "/a b")
    ),
    *(
        Bad(
            story=f"a mount of the entry {entry}",
            spec=mounts(CA | {"subPath": entry}),
            at="spec.storage.mounts[0].subPath",
            wording="this is not the name of a key, nor a path in a volume; write letters, digits and . _ - + = , @",
        )
        for entry in ("/ca.crt", "..", "../ca.crt", "folder/", "a/./b", "")
    ),
    Bad(
        story="a ConfigMap that the engine may write",
        spec=mounts(CA | {"writable": True}),
        at="spec.storage.mounts[0].writable",
        wording="Kubernetes mounts ConfigMaps and Secrets read-only; remove writable, or mount a claim",
    ),
    Bad(
        story="a mount inside another",
        spec=mounts({"path": "/own/certificates", "secretName": "s"}, {"path": "/own", "claimName": "c"}),
        at="spec.storage.mounts",
        wording="one mount is inside another, where no folder can be made; give each a folder that is in no other",
    ),
)
