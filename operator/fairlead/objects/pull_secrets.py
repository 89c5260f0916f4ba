"""The registry credentials of a pod, in the spec of pods that may have some."""

from collections.abc import Sequence

from fairlead.objects.manifest import Manifest


def pulled(secrets: Sequence[str]) -> Manifest:
    """Return the field with these Secrets, each once, as the API server requires; nothing without any."""
    found = [{"name": one} for one in dict.fromkeys(secrets)]
    return {"imagePullSecrets": found} if found else {}
