"""What commands know without a cluster: the catalogue that comes along, and configurations named by the caller."""

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import available_timezones

from fairlead.cluster import package_data
from fairlead.controller.known import Known


def offline(configs: Sequence[str] = ()) -> Known:
    """`ValueError` or `OSError` where a configuration was named and is not there."""
    texts = {}
    for named in configs:
        model, equals, file = named.partition("=")
        if not equals:
            raise ValueError(f"--config-json {named}: write MODEL=FILE, for instance org/model=./config.json")
        texts[model] = package_data.read_text(Path(file))
    zones = frozenset(available_timezones()) or None
    return Known(catalogue=package_data.load_catalogue(), configs=texts, time_zones=zones)
