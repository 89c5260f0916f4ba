"""Your GPU prices and GPUs, from the chart's values to the processes that calculate with them."""

from pathlib import Path

import pytest

from fairlead.cli import offline_data
from house import chart_manifests
from house.chart_manifests import Manifest
from tests.apiserver.packaged import FILLED


@pytest.mark.parametrize("separate", [False, True])
def test_every_process_that_decides_reads_your_products_and_restarts_when_they_change(
    helm: Path, tmp_path: Path, separate: bool
) -> None:
    def rendered(price: float) -> tuple[str, list[Manifest]]:
        first, second = FILLED["products"]
        values = {"products": [first | {"priceUsdHour": price}, second], "autoscaler": {"separate": separate}}
        objects = chart_manifests.template(helm, values)
        (file,) = [one for one in objects if one["metadata"]["name"] == "fairlead-products"]
        return file["data"]["products.yaml"], [one for one in objects if one["kind"] == "Deployment"]

    text, deployments = rendered(0.55)
    (tmp_path / "products.yaml").write_text(text)
    read = offline_data.catalogue(str(tmp_path / "products.yaml")).accelerators
    assert (read["NVIDIA-L4"].price_an_hour, read["Future-X1"].memory_mib) == (0.55, 983040)
    assert len(deployments) == 1 + separate
    for one, other in zip(deployments, rendered(0.65)[1], strict=True):
        pod = one["spec"]["template"]
        (container,) = pod["spec"]["containers"]
        (flag,) = [flag for flag in container["args"] if flag.startswith("--products=")]
        (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "products"]
        (volume,) = [volume for volume in pod["spec"]["volumes"] if volume["name"] == "products"]
        assert flag == f"--products={mount['mountPath']}/products.yaml"
        assert volume["configMap"]["name"] == "fairlead-products"
        assert pod["metadata"]["annotations"] != other["spec"]["template"]["metadata"]["annotations"]
