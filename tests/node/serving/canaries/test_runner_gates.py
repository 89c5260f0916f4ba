"""A gate by a program in a pod, on items of a volume: it rejects worse answers and passes equal ones."""

import json
from typing import Any, Final

from tests.node.operator_stage import Operator, engine
from tests.node.serving.canaries.test_canaries import fleet, watched
from tests.node.serving.canaries.test_quality_gates import BREAKS_JSON, CITY, QUALITY, gate
from tests.node.serving.claims import Record
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

ITEMS: Final = 60
FOLDER: Final = "/var/tmp/fairlead-evals"  # on the node
PROGRAM: Final = """
import json, os, urllib.request
from concurrent.futures import ThreadPoolExecutor
schema = {"type": "json_schema", "json_schema": {"name": "city", "schema": json.loads(os.environ["SCHEMA"])}}
def verdict(item):
    body = {"model": os.environ["FAIRLEAD_MODEL"], "max_tokens": 64, "temperature": 0, "response_format": schema,
            "messages": [{"role": "user", "content": item["question"]}]}
    sent = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", json.dumps(body).encode(),
                                  {"Content-Type": "application/json"})
    text = json.load(urllib.request.urlopen(sent, timeout=600))["choices"][0]["message"]["content"]
    try:
        return {"id": item["id"], "pass": set(json.loads(text)) == {"capital", "river"}}
    except ValueError:
        return {"id": item["id"], "pass": False}
items = [json.loads(line) for line in open(os.environ["FAIRLEAD_ITEMS"])]
with ThreadPoolExecutor(int(os.environ["FAIRLEAD_CONCURRENCY"])) as pool:
    for one in pool.map(verdict, items):
        print(json.dumps(one), flush=True)
"""


def volume(stage: Stage, image: str) -> None:
    """A claim whose volume has the items, as a team's own pod wrote them."""
    name = f"evals-{stage.namespace}"
    spec: dict[str, Any] = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    held = {"capacity": {"storage": "1Gi"}, "hostPath": {"path": f"{FOLDER}/{name}", "type": "DirectoryOrCreate"}}
    stage.apply(
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec | held},
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "evals"},
            "spec": spec | {"volumeName": name, "resources": {"requests": {"storage": "1Gi"}}},
        },
    )
    lines = "".join(
        f"{json.dumps({'id': number, 'question': f'Tell me of city {number}.'})}\n" for number in range(ITEMS)
    )
    script = f"import pathlib; pathlib.Path('/evals/items.jsonl').write_text({lines!r})"
    container = {
        "name": "writer",
        "image": image,
        "command": ["python3", "-c", script],
        "securityContext": {"runAsUser": 0},
        "volumeMounts": [{"name": "evals", "mountPath": "/evals"}],
    }
    claim = {"name": "evals", "persistentVolumeClaim": {"claimName": "evals"}}
    pod = {"restartPolicy": "Never", "containers": [container], "volumes": [claim]}
    stage.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "writer"}, "spec": pod})
    eventually(lambda: written(stage), "the items are on the volume", 120)


def written(stage: Stage) -> bool:
    return stage.kubectl("get", "pod", "writer", "-o", "jsonpath={.status.phase}") == "Succeeded"


def evaluation(stage: Stage, image: str) -> None:
    runner = {
        "type": "Job",
        "image": image,
        "command": ["python3", "-c", PROGRAM],
        "env": [{"name": "SCHEMA", "value": json.dumps(CITY)}],
        "resources": {"cpu": "50m", "memory": "256Mi"},
        "deadline": "10m",
    }
    items = {"persistentVolumeClaim": {"claimName": "evals", "path": "items.jsonl"}}
    spec = {"items": items, "runner": runner, "concurrency": 8, "minItems": ITEMS}
    kind = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "Evaluation"}
    stage.apply(kind | {"metadata": {"name": "support"}, "spec": spec})


def runners(stage: Stage) -> list[str]:
    """The names of pods that currently work for an evaluation."""
    return [one["metadata"]["name"] for one in stage.objects("pods", "fairlead.dev/role=evaluation")]


def test_a_program_in_a_pod_rejects_what_answers_worse_and_passes_what_does_not(
    stage: Stage, operated: Operator, record_property: Record
) -> None:
    volume(stage, operated.image)
    evaluation(stage, operated.image)
    read = ("get", "evl", "support", "-o", "jsonpath={.status.items}")
    eventually(lambda: stage.kubectl(*read) == str(ITEMS), "a pod read the items from the volume", 120)
    chat = fleet(stage, {"traffic": 0, "hold": "0s", "gates": ["Quality"]}, quality=QUALITY)
    with Traffic(chat.address()) as traffic, watched(chat) as trail:
        chat.apply(engine=BREAKS_JSON)
        eventually(lambda: trail.rejected, "it is rejected", 300)
        failed = gate(chat)
        chat.apply(engine=engine(context=4096))
        chat.serves(400)
        passed = gate(chat)
        traffic.goes_on()
    record_property("compared", passed["compared"])
    assert (failed["verdict"], failed["compared"]) == ("Failed", ITEMS)
    assert (passed["verdict"], passed["reason"], passed["compared"]) == ("Passed", "NotWorse", ITEMS)
    assert runners(stage) == ["support-items"], "what has ended is removed; the items are in the log of their pod"
    stage.door.kubectl("delete", "persistentvolume", f"evals-{stage.namespace}", "--wait=false")
