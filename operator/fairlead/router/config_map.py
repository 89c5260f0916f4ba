"""Follows the ConfigMap of a router's configuration: changes arrive at once, but in its mounted file only later."""

from collections.abc import Callable

from fairlead.router.config.loader import RouterConfig
from fairlead.router.endpoint_sources import Manifest, PodSource
from fairlead.router.source_subscription import SourceSubscription

ConfigMaps = Callable[[str, str], PodSource]


class ConfigMapWatch:
    """One router's watch; there is none while the configuration names no ConfigMap."""

    def __init__(self, settings: RouterConfig, sources: ConfigMaps, key: str, take: Callable[[str], None]) -> None:
        """Follow the entry `key`, the file's name."""
        self._key = key
        self._take = take
        self._place = _place(settings)
        self._sources = sources
        self._watch = SourceSubscription(self._source, self._seen)

    def apply(self, settings: RouterConfig) -> None:
        """Apply a configuration that may name another ConfigMap."""
        if _place(settings) != self._place:
            self._place = _place(settings)
            self._watch.anew()

    async def close(self) -> None:
        """Stop following."""
        await self._watch.close()

    def _source(self) -> PodSource | None:
        namespace, name = self._place
        return self._sources(namespace, name) if namespace and name else None

    def _seen(self, found: tuple[Manifest, ...]) -> None:
        """Take the text; a ConfigMap that is gone, or lacks the key, changes nothing."""
        for one in found:
            text = (one.get("data") or {}).get(self._key)
            if text is not None:
                self._take(text)


def _place(settings: RouterConfig) -> tuple[str, str]:
    return (settings.namespace, settings.config_map)
