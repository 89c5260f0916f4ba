"""Data that commands have without a cluster: the catalogue, the user's own products, and local model configurations."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import available_timezones

from fairlead.cluster import package_data
from fairlead.cluster.documents import YamlDocument
from fairlead.documents import json_document, yaml_document
from fairlead.documents.document_faults import UnreadableDocument
from fairlead.review import gateway_review
from fairlead.review import policies as read_policies
from fairlead.review.context import ReviewContext
from fairlead.sizing import custom_products
from fairlead.sizing.catalogue import Catalogue


class ProductsError(ValueError):
    """The file of products cannot be used."""


def offline_knowledge(
    configs: Sequence[str] = (), products: str | None = None, documents: Sequence[YamlDocument] = ()
) -> ReviewContext:
    """Build the context of a review; raises `ValueError` or `OSError` if a given file is missing or invalid."""
    texts = dict(_local(documents))
    for named in configs:
        model, equals, file = named.partition("=")
        if not equals:
            raise ValueError(f"--config-json {named}: write MODEL=FILE, for instance org/model=./config.json")
        texts[model] = _read_config(model, file)
    zones = frozenset(available_timezones()) or None
    policies = dict(found for one in documents if (found := read_policies.read(one.content)))
    gateways = dict(read for one in documents if (read := gateway_review.read(one.content)))
    return ReviewContext(
        catalogue=catalogue(products), configs=texts, time_zones=zones, policies=policies, gateways=gateways
    )


def catalogue(products: str | None) -> Catalogue:
    """Load the packaged catalogue, with the user's own products added or changed."""
    packaged = package_data.load_catalogue()
    if products is None:
        return packaged
    try:
        text = package_data.read_text(Path(products))
    except package_data.TextFileError as problem:
        raise ProductsError(f"--products {problem}") from problem
    try:
        written = yaml_document.read(text)
    except UnreadableDocument as problem:
        raise ProductsError(f"--products {products}: no YAML: {problem}; correct the file") from problem
    entries = written.get("products") if isinstance(written, dict) else None
    found = custom_products.with_products(packaged, entries)
    if isinstance(found, Catalogue):
        return found
    raise ProductsError(f"--products {products}: {found.what}")


def _read_config(model: str, file: str) -> str:
    try:
        text = package_data.read_text(Path(file))
    except package_data.TextFileError as problem:
        raise ValueError(f"--config-json {model}={problem}") from problem
    try:
        found = json_document.read(text)
    except UnreadableDocument as problem:
        raise ValueError(f"--config-json {model}={file}: no JSON: {problem}; give the model's config.json") from problem
    if not isinstance(found, dict) or not found:
        raise ValueError(f"--config-json {model}={file}: not a model's configuration; give the model's config.json")
    return text


def _local(documents: Sequence[YamlDocument]) -> Iterator[tuple[str, str]]:
    """Model configurations in local folders; explicitly given ones take precedence."""
    for source in (found for one in documents for found in _sources(one.content)):
        config = Path(source) / "config.json"
        if source.startswith("/") and config.is_file():
            yield source, package_data.read_text(config)


def _sources(content: object) -> Iterator[str]:
    """Every model source in an object, which may have any structure, since nothing has been checked yet."""
    if isinstance(content, dict):
        for key, below in content.items():
            if key == "source" and isinstance(below, str):
                yield below
            elif key in {"spec", "model", "engine", "speculation", "draft"}:
                yield from _sources(below)
