"""A batch file in a Job: the CronJob of docs/batch.md, whose pod ends halfway and whose next one goes on."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from house.tree import ROOT
from tests.node.operator_stage import Deployed, Operator
from tests.node.stories import Manifest, Stage
from tests.waiting import eventually

PAGE: Final = ROOT / "docs" / "batch.md"
FOLDER: Final = "/var/tmp/fairlead-batches"  # on the node
REQUESTS: Final = 1500
"""More than are answered while a busy machine counts the first ones."""
SOME: Final = 20
"""Answers that the first pod has when it ends."""
BODY: Final = {"model": "chat", "messages": [{"role": "user", "content": "Summarize this ticket."}], "max_tokens": 60}
COUNT: Final = "import pathlib; print(pathlib.Path('/data/answers.jsonl').read_bytes().count(b'\\n'))"
PRINT: Final = "import pathlib; print(pathlib.Path('/data/answers.jsonl').read_text(), end='')"


@pytest.fixture
def tickets(stage: Stage, operated: Operator) -> Iterator[Stage]:
    """The claim that the page names, on a volume where the input lies and the image's user may write."""
    name = f"batches-{stage.namespace}"
    spec: dict[str, Any] = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    held = {"capacity": {"storage": "1Gi"}, "hostPath": {"path": f"{FOLDER}/{name}", "type": "DirectoryOrCreate"}}
    wants = {"volumeName": name, "resources": {"requests": {"storage": "1Gi"}}}
    stage.apply(
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec | held},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "tickets"}, "spec": spec | wants},
    )
    wrote = (
        "import json, pathlib, os; os.chmod('/data', 0o777); "
        f"line = lambda number: json.dumps({{'custom_id': f'ticket-{{number}}', 'method': 'POST', "
        f"'url': '/v1/chat/completions', 'body': {BODY!r}}}); "
        f"text = ''.join(line(number) + '\\n' for number in range({REQUESTS})); "
        "pathlib.Path('/data/requests.jsonl').write_text(text)"
    )
    as_root(stage, operated.image, "writer", wrote)
    yield stage
    stage.door.kubectl("delete", "persistentvolume", name, "--wait=false")


def as_root(stage: Stage, image: str, name: str, script: str) -> str:
    """Run a script with the volume, and return what it printed."""
    container = {
        "name": "main",
        "image": image,
        "command": ["python3", "-c", script],
        "securityContext": {"runAsUser": 0},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    data = {"name": "data", "persistentVolumeClaim": {"claimName": "tickets"}}
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [data]}
    stage.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    phase = ("get", "pod", name, "-o", "jsonpath={.status.phase}")
    eventually(lambda: stage.kubectl(*phase) == "Succeeded", f"{name} has ended", 120)
    return stage.kubectl("logs", name)


def on_the_page(image: str) -> Manifest:
    """The page's CronJob, with an image that is here and no namespace or end of its own."""
    block = next(one for one in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    written: Manifest = yaml.safe_load(block)
    del written["metadata"]["namespace"]
    (container,) = written["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    container["image"] = image
    until = container["args"].index("--until")
    del container["args"][until : until + 2]
    return written


def pods(stage: Stage) -> list[str]:
    """Pods of the Job that have not ended."""
    found = stage.objects("pods", "job-name=tonight")
    return [one["metadata"]["name"] for one in found if one["status"].get("phase") == "Running"]


def test_the_pages_cron_job_goes_on_where_its_last_pod_ended_and_asks_for_nothing_twice(
    tickets: Stage, operated: Operator
) -> None:
    key = {"nightly": "sk-nightly-1c84ab90f7"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "chat-keys"}, "stringData": key}
    tickets.apply(secret, on_the_page(operated.image))
    tenants = [{"name": "nightly", "keys": [{"name": "chat-keys", "key": "nightly"}]}]
    Deployed(tickets, router={"lanes": {"batch": {}}, "tenants": tenants}).serves()

    tickets.kubectl("create", "job", "tonight", "--from=cronjob/tickets")
    (first,) = eventually(lambda: pods(tickets), "its pod runs")
    answers = ("exec", first, "--", "python3", "-c", COUNT)
    eventually(lambda: int(tickets.kubectl(*answers)) >= SOME, "some are answered")
    tickets.kubectl("delete", "pod", first, "--wait=false")
    succeeded = ("get", "job", "tonight", "-o", "jsonpath={.status.succeeded}")
    eventually(lambda: tickets.kubectl(*succeeded) == "1", "its next pod answers the rest", 240)

    log = tickets.kubectl("logs", "--selector=job-name=tonight", "--tail=-1")
    lines = [json.loads(line) for line in as_root(tickets, operated.image, "reader", PRINT).splitlines()]
    assert "Complete: all requests have ended" in log
    assert sorted(line["custom_id"] for line in lines) == sorted(f"ticket-{number}" for number in range(REQUESTS))
    assert {line["response"]["status_code"] for line in lines} == {200}
    before = re.search(r"([\d,]+) of them before this run", log)
    assert before is not None, "the second pod says what was done before it"
    assert SOME <= int(before[1].replace(",", "")) < REQUESTS
