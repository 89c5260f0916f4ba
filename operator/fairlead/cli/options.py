"""Help texts of the options that several commands share."""

from typing import Final

PRODUCTS_HELP: Final = "YAML with `products:`, each with what differs from the catalogue: prices, rates, new GPUs"
CONFIG_HELP: Final = "a model's own config.json, for a model the catalogue does not know; may stand several times"
