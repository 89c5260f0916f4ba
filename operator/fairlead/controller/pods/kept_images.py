"""Whether routers keep the image of another release, since their children stay while a spec is refused. Pure."""

from dataclasses import replace

from fairlead.cluster.kinds import Manifest
from fairlead.fleet.conditions import UntimedCondition
from fairlead.objects import router_deployment


def noted(refusal: UntimedCondition, router: Manifest | None, image: str) -> UntimedCondition:
    """Add to a refusal that routers keep another image than this release's; unchanged if they have that one.

    A cluster may put another registry in front of it, so only what follows the last slash is compared, and may pin a
    tag by its digest.
    """
    kept = router_deployment.image(router) if router is not None else ""
    if not kept or _is_same(kept.rpartition("/")[2], image.rpartition("/")[2]):
        return refusal
    words = f"its routers keep the image {kept} meanwhile, and get {image} once this is corrected"
    return replace(refusal, message=f"{refusal.message} | {words}")


def _is_same(one: str, other: str) -> bool:
    """Whether two names with their tag or digest mean the same, as far as they tell."""
    (tagged, _, digest), (other_tagged, _, other_digest) = one.partition("@"), other.partition("@")
    is_pinned = bool(digest) != bool(other_digest) and ":" in tagged
    return tagged == other_tagged if is_pinned else one == other
