"""The kubelet really probes, and really acts on the answers."""

from tests.node.stories import Stage, pod, service
from tests.waiting import eventually

SERVER = """
import http.server, os, pathlib, signal, time
began = time.monotonic()
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        lost = pathlib.Path("/dev/shm/lost" + self.path.replace("/", "-")).exists()
        early = self.path == "/started" and time.monotonic() - began < 3
        self.send_response(503 if lost or early else 200)
        self.end_headers()
        self.wfile.write(os.environ["HOSTNAME"].encode())
    def log_message(self, *words): pass
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", 8000), Answer).serve_forever()
"""


def probe(path: str, failures: int = 1) -> dict[str, object]:
    return {"httpGet": {"path": path, "port": 8000}, "periodSeconds": 1, "failureThreshold": failures}


def is_ready(stage: Stage, name: str) -> bool:
    (seen,) = stage.objects("pods", f"app={name}")
    return any(one["type"] == "Ready" and one["status"] == "True" for one in seen["status"].get("conditions", ()))


def restarts(stage: Stage, name: str) -> int:
    (seen,) = stage.objects("pods", f"app={name}")
    return sum(one["restartCount"] for one in seen["status"].get("containerStatuses", ()))


def endpoints(stage: Stage, name: str) -> list[bool]:
    """The readiness of each address behind a Service."""
    slices = stage.objects("endpointslices", f"kubernetes.io/service-name={name}")
    return [one["conditions"]["ready"] for piece in slices for one in piece.get("endpoints") or ()]


def test_a_start_within_its_budget_is_not_killed_by_an_impatient_liveness(stage: Stage, our_image: str) -> None:
    probes = {
        "startupProbe": probe("/started", 30),
        "livenessProbe": probe("/started"),
        "readinessProbe": probe("/"),
    }
    stage.apply(pod("slow", our_image, SERVER, **probes))

    eventually(lambda: is_ready(stage, "slow"), "it becomes ready")

    assert restarts(stage, "slow") == 0


def test_a_pod_that_is_not_ready_leaves_the_service_and_comes_back(stage: Stage, our_image: str) -> None:
    stage.apply(pod("shy", our_image, SERVER, readinessProbe=probe("/ready")), service("shy", 8000))
    eventually(lambda: endpoints(stage, "shy") == [True], "it serves")

    stage.kubectl("exec", "shy", "--", "touch", "/dev/shm/lost-ready")
    eventually(lambda: endpoints(stage, "shy") == [False], "it left the Service")
    assert restarts(stage, "shy") == 0

    stage.kubectl("exec", "shy", "--", "rm", "/dev/shm/lost-ready")
    eventually(lambda: endpoints(stage, "shy") == [True], "it serves again")


def test_a_pod_that_is_not_alive_is_started_again(stage: Stage, our_image: str) -> None:
    stage.apply(pod("stuck", our_image, SERVER, livenessProbe=probe("/alive")))
    eventually(lambda: is_ready(stage, "stuck"), "it runs")

    stage.kubectl("exec", "stuck", "--", "touch", "/dev/shm/lost-alive")

    eventually(lambda: restarts(stage, "stuck") >= 1, "the kubelet starts it again")
