"""The order of termination: out of the Service first, the preStop sleep, then SIGTERM, then time to finish."""

import subprocess
import time

from devcluster.door import Embedded
from tests.node.stories import Stage, pod, service
from tests.node.test_probes import endpoints
from tests.waiting import eventually

STREAMING = """
import http.server, os, signal, threading, time
def told(*_):
    print("SIGTERM", time.time(), flush=True)
    threading.Timer(1.0, finish).start()
def finish():
    print("finished", time.time(), flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, told)
print("serving", flush=True)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(("", 8000), Answer).serve_forever()
"""

PRESTOP_S = 3


def test_prestop_sleeps_before_sigterm_and_the_process_may_finish(stage: Stage, our_image: str) -> None:
    sleep = {"preStop": {"sleep": {"seconds": PRESTOP_S}}}
    ready = {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 1}
    engine = pod("engine", our_image, STREAMING, lifecycle=sleep, readinessProbe=ready, grace=20)
    stage.apply(engine, service("engine", 8000))
    eventually(lambda: endpoints(stage, "engine") == [True], "it serves")
    kubectl = stage.door.programs / "kubectl" if isinstance(stage.door, Embedded) else "kubectl"
    words = [
        str(kubectl),
        f"--kubeconfig={stage.door.kubeconfig}",
        "-n",
        stage.namespace,
        "logs",
        "-f",
        "engine",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as following:
        request_at = time.time()
        stage.kubectl("delete", "pod", "engine", "--wait=false")
        eventually(lambda: True not in endpoints(stage, "engine"), "it left the Service", within_s=PRESTOP_S)
        left_at = time.time()
        answer = following.communicate(timeout=60)[0]

    moments = {line.split()[0]: float(line.split()[1]) for line in answer.splitlines() if " " in line}
    assert left_at < moments["SIGTERM"], "it left the Service before it was told to end"
    assert moments["SIGTERM"] - request_at > PRESTOP_S - 0.5, "the sleep came first"
    assert moments["finished"] - moments["SIGTERM"] > 0.9, "it was given the time to finish"
