"""All claims, one module per word: a new word is one import and one line here, and nothing happens unseen."""

from typing import Final

from prove import api, controller, house, operator_world
from prove.claims import Claim, ordered

CLAIMS: Final[tuple[Claim, ...]] = tuple(
    ordered((*house.CLAIMS, *api.CLAIMS, *controller.CLAIMS, *operator_world.CLAIMS))
)
