"""Gate Quality by the lm-evaluation-harness: a part of the items is the part that it takes of its file."""

from fairlead.cluster.kinds import Manifest
from tests.controller.evaluations.test_runners import ITEMS, Programs


class Harness(Programs):
    """The harness; with a limit, it takes the first lines of the file."""

    def __init__(self) -> None:
        super().__init__(runner={"type": "LmEval", "image": "registry.example.com/lm-eval:v1", "task": "support"})

    def program(self, pod: Manifest) -> tuple[int, str]:
        words = pod["spec"]["containers"][0]["command"]
        most = int(words[words.index("--limit") + 1]) if "--limit" in words else ITEMS
        return 0, "\n".join(super().program(pod)[1].splitlines()[1 : most + 1])


def test_the_baselines_noise_is_measured_on_the_items_that_the_harness_asks_again() -> None:
    """More than a hundred items: those beyond the file's first hundred had no verdict, which counted as noise."""
    world = Harness()
    gate = world.until("Passed", "Undecided")
    assert (gate["verdict"], gate["reason"], gate["compared"]) == ("Passed", "NotWorse", ITEMS)
    assert world.starts[f"chat-{world.old}-noise"] == 1
