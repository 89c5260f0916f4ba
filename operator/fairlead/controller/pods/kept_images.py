"""Whether routers keep the image of another release, since their children stay while a spec is refused. Pure."""

from dataclasses import replace

from fairlead.cluster.kinds import Manifest
from fairlead.fleet.conditions import UntimedCondition
from fairlead.objects import router_deployment


def noted(refusal: UntimedCondition, router: Manifest | None, image: str) -> UntimedCondition:
    """Add to a refusal that routers keep another image than this release's; unchanged if they have that one.

    A cluster may put another registry in front of it, so only what follows the last slash is compared.
    """
    kept = router_deployment.image(router) if router is not None else ""
    if not kept or kept.rpartition("/")[2] == image.rpartition("/")[2]:
        return refusal
    words = f"its routers keep the image {kept} meanwhile, and get {image} once this is corrected"
    return replace(refusal, message=f"{refusal.message} | {words}")
