"""A failed test reports everything its namespace and the cluster's components can show."""

from tests.node.conftest import tellings
from tests.node.stories import Stage, pod
from tests.waiting import eventually


def test_events_pods_logs_and_components_are_reported(stage: Stage, our_image: str) -> None:
    stage.apply(pod("talker", our_image, "print('out of luck'); import time; time.sleep(600)"))
    eventually(lambda: "out of luck" in stage.kubectl("logs", "talker"), "it spoke")

    settings = dict(tellings(stage))

    assert "Started" in settings[f"events of {stage.namespace}"]
    assert "talker" in settings[f"pods of {stage.namespace}"]
    assert "out of luck" in settings["log of pod talker"]
    assert settings.get("log of kube-apiserver", "somebody else's cluster")
