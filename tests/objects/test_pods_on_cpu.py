"""A pod on CPU requests cores and memory, and leaves GPUs and their nodes alone."""

from typing import Any, Final

from fairlead.objects import revisions
from tests.api.full_specs import ON_CPU
from tests.objects.specs import LEAST, read, template, wanted


def pod(**accelerator: Any) -> dict[str, Any]:  # noqa: ANN401  # any field of an accelerator
    spec = template(wanted(ON_CPU | {"accelerator": ON_CPU["accelerator"] | accelerator}))["spec"]
    assert isinstance(spec, dict)
    return spec


def test_what_is_requested_is_also_the_limit() -> None:
    amounts: Final = {"cpu": "4", "memory": "8Gi"}

    assert pod()["containers"][0]["resources"] == {"limits": amounts, "requests": amounts}
    assert pod(memory="6.5Gi")["containers"][0]["resources"]["limits"]["memory"] == "6656Mi"


def test_no_gpu_is_selected_tolerated_or_named() -> None:
    assert "nvidia.com" not in str(pod())
    assert "nvidia.com" in str(template(wanted(LEAST))["spec"])


def test_processes_of_the_engine_share_memory_and_its_caches_are_writable() -> None:
    mounts = {one["mountPath"] for one in pod()["containers"][0]["volumeMounts"]}

    assert mounts == {"/cache", "/dev/shm", "/tmp"}
    assert {one["name"]: one.get("emptyDir") for one in pod()["volumes"]}["shm"] == {
        "medium": "Memory",
        "sizeLimit": "1Gi",
    }
    assert pod()["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_cores_and_memory_are_part_of_the_revision() -> None:
    def revision(**accelerator: Any) -> str:  # noqa: ANN401  # any field of an accelerator
        return revisions.of(read(ON_CPU | {"accelerator": ON_CPU["accelerator"] | accelerator}).spec)

    assert len({revision(), revision(cores=5), revision(memory="9Gi")}) == 3
