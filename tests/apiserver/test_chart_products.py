"""Your GPU prices and GPUs, from the chart's values to the processes that calculate with them."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.cli import offline_data
from house import chart_manifests
from house.chart_manifests import Manifest, Refused
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


LISTED: Final = {"product": "NVIDIA-L4", "priceUsdHour": 0.55}
REFUSED: Final[dict[str, tuple[list[dict[str, Any]], str]]] = {
    "twice": ([LISTED, LISTED | {"priceUsdHour": 0.65}], "products[1].product: NVIDIA-L4 is there twice"),
    "no GPU": ([LISTED, {"product": "CPU", "memoryMib": 1, "computeCapability": "1.0"}], "CPU is not a GPU"),
    "misspelled": ([{"product": "NVIDIA-l4", "priceUsdHour": 0.55}], "missing properties 'memoryMib'"),
}


@pytest.mark.parametrize(("products", "wording"), REFUSED.values(), ids=REFUSED)
def test_products_with_which_the_operator_would_not_start_are_refused(
    helm: Path, tmp_path: Path, products: list[dict[str, Any]], wording: str
) -> None:
    (tmp_path / "products.yaml").write_text(json.dumps({"products": products}))
    with pytest.raises(offline_data.ProductsError):
        offline_data.catalogue(str(tmp_path / "products.yaml"))
    with pytest.raises(Refused) as refused:
        chart_manifests.template(helm, {"products": products})
    assert wording in str(refused.value)
