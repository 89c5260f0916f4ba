"""The API server refuses the inputs that our table says it refuses, with the webhook off.

The bad specs of `tests/api` are applied by `test_crds.py`; these are the other rows.
"""

import json
from typing import Final

import pytest

from devcluster.door import DoorClosed, Embedded
from fairlead.cluster import documents
from tests.review.bad_inputs import OURS
from tests.review.table import Layer, Row

PLAIN: Final = (
    *("1e3", "y", "n", "0o17", "12:30:00", "2026-11-20", "on", "yes", "Off", "017", "1_000", "1.0", "1.5", "0x1F"),
    *("-3", "+12", "0b11", "-0x10", "1.2.3", "'1'", '"yes"', "=", "1e-3", ".5", "5.", "TRUE", "tRue", "08", "1__0"),
)
_FREE: Final = """\
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: words}
spec:
  model: {source: hf://Qwen/Qwen3-0.6B}
  accelerator: {product: NVIDIA-L4}
  placement:
    affinity:
"""
CLAIMED: Final = [row for row in OURS if row.layer in {Layer.SCHEMA, Layer.CEL}]


def test_plain_scalars_are_read_as_kubectl_reads_them(served: Embedded) -> None:
    """Otherwise `fairlead validate` would approve what the server refuses; free fields show what kubectl sent."""
    lines = "".join(f"      w{place}: {word}\n" for place, word in enumerate(PLAIN))
    (ours,) = documents.of_text(_FREE + lines, "f")
    there = json.loads(served.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", text=_FREE + lines))

    assert isinstance(ours.content, dict)
    read, sent = (one["spec"]["placement"]["affinity"] for one in (ours.content, there))
    assert {PLAIN[int(key[1:])]: value for key, value in read.items()} == {
        PLAIN[int(key[1:])]: value for key, value in sent.items()
    }


@pytest.mark.parametrize("row", CLAIMED, ids=lambda row: row.story)
def test_the_server_refuses_it_too_and_names_the_field(served: Embedded, row: Row) -> None:
    text = row.given if isinstance(row.given, str) else json.dumps(row.given)
    with pytest.raises(DoorClosed) as refused:
        served.kubectl("create", "--dry-run=server", "-f", "-", text=text)
    answer = str(refused.value)
    assert row.at in answer
    assert (row.there or row.wording) in answer
