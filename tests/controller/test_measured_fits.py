"""What replicas of the previous revision measured does not show whether the spec fits that replaces it."""

from tests.controller.pretend import Pretend, deployment

TOO_LONG = 131_072


def serving(context: int = 8192) -> Pretend:
    """A deployment that serves, and measured its room."""
    world = Pretend(gpus=8)
    world.apply(deployment(context=context))
    world.settle()
    assert world.condition("Fits") == ("True", "Measured")
    return world


def test_a_spec_that_does_not_fit_does_not_seem_to_by_what_the_replicas_that_serve_on_hold() -> None:
    world = serving()
    world.apply(deployment(context=TOO_LONG))
    world.settle()
    assert world.condition("Accepted") == ("False", "DoesNotFit")
    assert world.condition("Fits") == ("False", "DoesNotFit")
    assert "measured" not in str(world.document()["status"].get("fit"))
    world.apply(deployment(context=8192))
    world.settle()
    assert world.condition("Fits") == ("True", "Measured")
