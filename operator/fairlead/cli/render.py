"""`fairlead render FILE…`: print what would start: engines' commands and environment, and routers' configuration.

With `-o yaml`, all Kubernetes objects that the operator would create.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fairlead.cli import options, terminal_colours
from fairlead.cluster import documents

if TYPE_CHECKING:  # imported only inside the command, so that other commands start at once
    from fairlead.fleet.desired_state import EnvFrom, SecretKey
    from fairlead.fleet.engine_launch import EngineLaunch
    from fairlead.review.context import ReviewContext
    from fairlead.review.result import Review


IMAGE: Final = "fairlead"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("files", nargs="+", type=options.file_name, metavar="FILE", help=options.FILES_HELP)
    how = "how to print it; yaml: all objects that the operator would create, to check them and not to apply them"
    parser.add_argument("-o", "--output", choices=("text", "json", "yaml"), default="text", help=how)
    image = f"the image of routers and simulated engines with -o yaml; default {IMAGE}"
    parser.add_argument("--image", type=options.image, help=image)
    users = "with -o yaml: pods name no user and no group, as with the chart's assignedUsers=true (OpenShift)"
    parser.add_argument("--assigned-users", action="store_true", help=users)
    parser.add_argument("--config-json", action="append", default=[], metavar="MODEL=FILE", help=options.CONFIG_HELP)
    parser.add_argument("--products", metavar="FILE", help=options.PRODUCTS_HELP)


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if every deployment could be rendered; others are reported on standard error."""
    from fairlead.cli import foreign_documents, offline_data, review_text
    from fairlead.engines import catalogue as engines
    from fairlead.review import admission

    if (unused := _unused(chosen)) is not None:
        print(f"fairlead render: {unused}: only -o yaml uses it; add -o yaml, or leave it out", file=sys.stderr)
        return 2
    found, _ = foreign_documents.apart(documents.read(chosen.files))
    if not found:
        print(foreign_documents.nothing_of_ours(chosen.files), file=sys.stderr)
        return 2
    try:
        context = offline_data.offline_knowledge(chosen.config_json, chosen.products, found)
    except (OSError, ValueError) as problem:
        print(f"fairlead render: {problem}", file=sys.stderr)
        return 2
    reviews = [None if one.problem else admission.review(one.content, context) for one in found]
    refused = [(one, of) for one, of in zip(found, reviews, strict=True) if of is None or of.refusals]
    for one, review in refused:
        print(review_text.as_text(one, review, colour=terminal_colours.wanted(sys.stderr)), file=sys.stderr)
    pairs = zip(found, reviews, strict=True)
    accepted = [(one.content, of) for one, of in pairs if of is not None and not of.refusals]
    if chosen.output == "yaml":
        image = chosen.image or IMAGE
        releases = engines.releases(image)
        context = replace(context, releases=releases, assigned_users=chosen.assigned_users)
        made = _objects(accepted, context, image)
    else:
        made = _shown([_processes(one, [of for _, of in accepted]) for _, one in accepted], chosen.output)
    print(made, end="")
    if not (made or refused):
        nothing = "nothing here starts a process; give a file with an InferenceDeployment or InferenceGateway"
        print(f"fairlead render: {', '.join(chosen.files)}: {nothing}", file=sys.stderr)
    return 1 if refused else 0


def _unused(chosen: argparse.Namespace) -> str | None:
    """Return an option that has no effect on what is printed."""
    if chosen.output == "yaml":
        return None
    if chosen.image is not None:
        return f"--image {chosen.image}"
    return "--assigned-users" if chosen.assigned_users else None


def _processes(review: "Review", others: "Sequence[Review]") -> dict[str, Any] | None:
    """What one object starts; None for one that starts nothing."""
    from fairlead.cli import rendered_gateway
    from fairlead.review import engine_timing

    if review.engine is not None and review.setup is not None:
        launch = review.engine.launch(review.setup, engine_timing.of(review))
        return _values(review.name, launch) | {"router": _router(review)}
    if review.gateway is not None:
        return {"name": review.name, "gateway": rendered_gateway.configuration(review.gateway, others)}
    return None


def _shown(processes: Sequence[dict[str, Any] | None], output: str) -> str:
    rendered = [one for one in processes if one is not None]
    if output == "json":
        return f"{json.dumps(rendered, indent=1)}\n"
    texts = [_gateway_text(one) if "gateway" in one else _text(one) for one in rendered]
    return "\n\n".join(texts) + "\n" * bool(texts)


def _objects(accepted: "Sequence[tuple[object, Review]]", context: "ReviewContext", image: str) -> str:
    """The objects' children as one stream of YAML documents."""
    import yaml

    from fairlead.cli import rendered_objects

    installation = rendered_objects.installation(image, assigned_users=context.assigned_users)
    made: list[dict[str, Any]] = []
    for document, review in accepted:
        if review.gateway is not None:
            made += rendered_objects.of_gateway(review, [of for _, of in accepted], installation)
        elif review.engine is not None and isinstance(document, dict):
            made += rendered_objects.of_deployment(document, context, installation)
    return yaml.safe_dump_all(made, sort_keys=False, explicit_start=True) if made else ""


def _values(name: str, launch: "EngineLaunch") -> dict[str, Any]:
    return {
        "name": name,
        "command": list(launch.command),
        "environment": {one.name: _value(one.value) for one in launch.environment},
        "files": _files(launch),
        "ports": {port.name: port.number for port in launch.ports},
        "graceSeconds": launch.shutdown.grace_seconds,
        "startupSeconds": launch.probes.startup.allowed_seconds,
    }


def _files(launch: "EngineLaunch") -> dict[str, str]:
    """By path: the ConfigMap that holds the file, or its content."""
    found = {f"{one.folder}/{one.name}": f"(ConfigMap {one.source.name}, key {one.source.key})" for one in launch.files}
    options = launch.options
    return found if options is None else found | {f"{options.folder}/{options.name}": options.text}


def _router(review: "Review") -> dict[str, Any] | None:
    """None for a deployment that is served by a gateway's routers."""
    from fairlead.fleet.gateways import DeploymentRouter
    from fairlead.objects import router_config
    from fairlead.review import replica_facts

    if review.setup is None or not isinstance(review.router, DeploymentRouter):
        return None
    return router_config.document(review.setup.revision, review.router, replica_facts.replica(review))


def _value(value: "str | SecretKey | EnvFrom") -> str:
    """The value, or the Secret or ConfigMap that holds it: those are not read here."""
    from fairlead.fleet.desired_state import EnvFrom, SecretKey

    match value:
        case SecretKey(name=name, key=key):
            return f"(Secret {name}, key {key})"
        case EnvFrom(object_name=name, key=key, from_secret=from_secret):
            return f"({'Secret' if from_secret else 'ConfigMap'} {name}, key {key})"
        case _:
            return value


def _text(one: dict[str, Any]) -> str:
    words = "".join(_broken(word) for word in one["command"]).strip()
    files = "\n".join(f"# {path}: {kept}".replace("\n", "\n# ") for path, kept in one["files"].items())
    environment = "\n".join(f"{name}={value}" for name, value in one["environment"].items())
    from fairlead.fleet.plurals import count

    router = one["router"]
    pods = f"# {count(router['routers'], 'router')} in front; their configuration: -o json" if router else ""
    return "\n".join(filter(None, (f"# {one['name']}", environment, files, words, pods)))


def _gateway_text(one: dict[str, Any]) -> str:
    from fairlead.fleet.plurals import count

    configuration = one["gateway"]
    routers, deployments = count(configuration["routers"], "router"), len(configuration["targets"])
    joined = f"{count(deployments, 'deployment')} of these files"
    lines = [f"# {one['name']}: {routers}, {joined}; their configuration: -o json"]
    routes = configuration["routes"]
    lines += [f"{one['name']}: {one['strategy']} {one['target'] or ''}".rstrip() for one in routes]
    return "\n".join(lines)


def _broken(word: str) -> str:
    """Put each flag on a line of its own; quoted text is not broken."""
    return (" \\\n    " if word.startswith("--") else " ") + shlex.quote(word)
