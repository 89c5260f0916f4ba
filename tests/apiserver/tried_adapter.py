"""An adapter of the deployment `chat` whose second version waits to be loaded: fake pods have no loader."""

import json
from typing import Final

from devcluster.door import Embedded
from tests.apiserver.objects_beside import ADAPTER
from tests.waiting import eventually

SECOND: Final = {"digest": f"sha256:{'b' * 64}", "source": "hf://acme/sql"}


def put(door: Embedded) -> None:
    """Create it in the namespace `demo`, and wait until its status has a canary."""
    patch = json.dumps({"spec": {"engine": {"lora": {}}}})
    door.kubectl("patch", "infd", "chat", "-n", "demo", "--type=merge", "-p", patch)
    spec = ADAPTER["spec"] | {"versions": [*ADAPTER["spec"]["versions"], SECOND], "canary": {}}
    adapter = ADAPTER | {"metadata": {"name": "chat-sql"}, "spec": spec}
    door.kubectl("apply", "-n", "demo", "-f", "-", text=json.dumps(adapter))
    words = ("get", "adp", "chat-sql", "-n", "demo", "-o", "jsonpath={.status.canary}")
    eventually(lambda: door.kubectl(*words) != "", "chat-sql has a canary", 60)
