"""Bad requests, limits and labels of pods: what Kubernetes would refuse in every pod, or Fairlead itself sets."""

from typing import Any, Final

from tests.api.bad import Bad, but

ON_CPU: Final[dict[str, Any]] = {"product": "CPU", "cores": 4, "memory": "8Gi"}


def resources(requests: dict[str, Any], limits: dict[str, Any]) -> dict[str, Any]:
    return but(resources={"requests": requests, "limits": limits})


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
)
