"""Credentials from a kubeconfig: one file or several, read as kubectl reads them, so that both use the same cluster.

The official client reads the files, and handles tokens and certificates. It costs 22 MB, so no pod imports it.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import yaml

from fairlead.cluster import credential_plugin, proxies
from fairlead.cluster.credential_plugin import CredentialPlugin
from fairlead.cluster.credentials import Credentials, NoCredentials
from fairlead.documents import yaml_document
from fairlead.documents.document_faults import UnreadableDocument
from fairlead.documents.yaml_loaders import FastLoader

if TYPE_CHECKING:
    from kubernetes.aio.config.kube_config import ConfigNode, KubeConfigLoader, KubeConfigMerger

log = logging.getLogger(__name__)

_UNREADABLE: Final = (OSError, yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError)
"""What reading a file raises; a tag that does not fit its value makes the parser raise the last ones."""
_SHOWN_CONTEXTS: Final = 10
OWN_PATHS: Final = ("client-certificate", "client-key")
"""Fields of a user that name a file."""
BEFORE_A_PLUGIN: Final = (
    *("token", "tokenFile", "username", "auth-provider"),
    *("client-certificate", "client-certificate-data"),
)
"""A user with one of these needs no plugin."""
HEADER_CHARACTERS: Final = "!#$&'*+-.^_`|~"
"""What may stand in a header's name as it is, besides letters and digits."""


def paths(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files of KUBECONFIG; without it, the one in the home folder."""
    if named := environ.get("KUBECONFIG"):
        return tuple(Path(path) for path in named.split(os.pathsep) if path)
    try:
        return (Path.home() / ".kube" / "config",)
    except RuntimeError:  # in a container whose user has no home
        return ()


def present(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the files that are there; one in a folder that this user may not search is not, as a pod's HOME may be."""
    return tuple(path for path in files if os.path.isfile(path))  # noqa: PTH113 - the method raises for such a folder


def names_cluster(files: tuple[Path, ...]) -> bool:
    """Whether one of the files has a current context, as it must inside a cluster to be used there."""
    return any(_names_context(path) for path in present(files))


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeconfigSource:
    """Reads the files anew each time; what a credential plugin answered is used for as long as it is valid."""

    files: tuple[Path, ...]
    environ: Mapping[str, str]
    context: str | None
    """None: the current one."""
    plugin: CredentialPlugin = field(default_factory=CredentialPlugin)

    async def __call__(self) -> Credentials:
        """Read server, credentials, proxy and namespace of the context."""
        from kubernetes.aio import config  # noqa: PLC0415  # 22 MB and 0.2 s that a pod never needs

        named = os.pathsep.join(map(str, self.files))
        try:
            return await _read(os.pathsep.join(map(str, _with_content(self.files))) or named, self)
        except (config.ConfigException, *_UNREADABLE) as problem:
            words = " ".join(str(problem).split())
            if isinstance(problem, TypeError | AttributeError):  # of the client, about its own variables
                words = "empty, or not of the form of a kubeconfig"
            raise NoCredentials(f"KUBECONFIG: {named}: {words}; correct the file") from problem


async def _read(named: str, source: KubeconfigSource) -> Credentials:
    from kubernetes.aio.config import kube_config  # noqa: PLC0415  # as above

    found = SimpleNamespace(api_key={}, host="", ssl_ca_cert=None, cert_file=None, key_file=None, verify_ssl=True)
    files = kube_config.KubeConfigMerger(named)  # type: ignore[no-untyped-call]  # generated
    wanted = source.context
    chosen = _first_context(files.config_files) if wanted is None else _existing(wanted, files.config_files)
    loader = kube_config.KubeConfigLoader(files.config, active_context=chosen, config_base_path=None)  # type: ignore[no-untyped-call]  # generated
    loader._user = await _user(loader, source)  # noqa: SLF001 - the client offers no other way
    try:
        await loader.load_and_set(found)  # type: ignore[no-untyped-call]  # generated
    finally:
        if loader.provider == kube_config.PROVIDER_TYPE_OIDC:
            _keep_renewed(files)
    context = loader.current_context["context"]
    user = files.config["users"].get_with_name(context.get("user"), safe=True)
    scheme, _, token = str(found.api_key.get("BearerToken", "")).partition(" ")
    return Credentials(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        scheme=scheme or None,
        token=token.strip() or None,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
        proxy_url=_proxy(getattr(found, "proxy", None), found.host, source.environ),
        default_namespace=context.get("namespace"),
        tls_server_name=getattr(found, "tls_server_name", None),
        impersonation=tuple(_impersonation(user.value.get("user") or {})) if user else (),
    )


async def _user(loader: "KubeConfigLoader", source: KubeconfigSource) -> "ConfigNode":
    """Return the user with whole paths, and with what a plugin answered in the plugin's place.

    The client looks for a user's certificate beside the file of the cluster, even if the context names no user.
    """
    from kubernetes.aio.config import kube_config  # noqa: PLC0415  # as above

    user, cluster = loader._user, loader._cluster  # noqa: SLF001 - as above
    if user is None or cluster is None:
        return kube_config.ConfigNode("users", {}, "")  # type: ignore[no-untyped-call]  # generated
    folder = _folder(user)
    own = {name: str(folder / user.value[name]) for name in OWN_PATHS if user.value.get(name)}
    settings = user.value.get("exec")
    if settings and not any(user.value.get(name) for name in BEFORE_A_PLUGIN):
        command = credential_plugin.command(settings, folder, cluster.value, _folder(cluster))
        own |= await source.plugin.fields(command, source.environ)
    fields = {name: value for name, value in user.value.items() if name != "exec"} | own
    return kube_config.ConfigNode(user.name, fields, user.path)  # type: ignore[no-untyped-call]  # generated


def _folder(node: "ConfigNode") -> Path:
    """Return the folder of the file that a user or a cluster is from; as by kubectl, a link to it is not followed."""
    return Path(os.path.abspath(node.path)).parent  # noqa: PTH100 - this method follows links


def _proxy(own: str | None, server: str, environ: Mapping[str, str]) -> str | None:
    """Return the file's own proxy or that of the variables; kubectl also speaks SOCKS."""
    found = own or proxies.of(server, environ)
    if own:
        named, otherwise = "proxy-url", "remove it"
    else:
        named, otherwise = f"{urlsplit(server).scheme.upper()}_PROXY", "list the server in NO_PROXY"
    try:
        scheme = urlsplit(found or "").scheme
    except ValueError:  # whose words may contain a password
        raise NoCredentials(
            f"{named}: it cannot be read as a URL; write http://HOST:PORT, or {otherwise} to connect directly"
        ) from None
    if not found or scheme in ("http", "https"):
        return found
    raise NoCredentials(
        f"{named}: {scheme}: Fairlead reaches a cluster through http:// and https:// proxies only; "
        f"name one, or {otherwise} to connect directly"
    )


def _with_content(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the files without empty ones, which kubectl takes and the client does not."""
    return tuple(path for path in files if not _is_empty(path))


def _is_empty(path: Path) -> bool:
    """What the client could not read ends here: brackets without end would overflow its stack."""
    try:
        return yaml_document.read(path.read_bytes(), FastLoader) is None
    except OSError:
        return False


def _names_context(path: Path) -> bool:
    """Whether a file has a current context; one that is no kubeconfig counts too: `read` says what is wrong with it."""
    try:
        document = yaml_document.read(path.read_bytes(), FastLoader)
    except (OSError, UnreadableDocument):
        return True
    return bool(document.get("current-context") if isinstance(document, dict) else document)


def _first_context(documents: Mapping[str, Any]) -> str | None:
    """Return the current context of the first file that has one, as kubectl does; the client takes the last."""
    named = (document.get("current-context") for document in documents.values())
    return next((one for one in named if one), None)


def _existing(wanted: str, documents: Mapping[str, Any]) -> str:
    """Return the context if a file has it; otherwise say which there are."""
    there = sorted(str(one["name"]) for document in documents.values() for one in document.get("contexts") or ())
    if wanted not in there:
        listed = f"there are: {', '.join(there[:_SHOWN_CONTEXTS])}" if there else "there are none"
        raise NoCredentials(f"--context {wanted[:64]}: the kubeconfig has no context of this name; {listed}")
    return wanted


def _keep_renewed(files: "KubeConfigMerger") -> None:
    """Write renewed tokens into their file, as kubectl does: an issuer may accept each refresh token only once."""
    for path, document in files.config_files.items():
        if document != files.config_saved[path]:
            try:
                Path(path).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
            except OSError as problem:
                log.warning(
                    "%s: the renewed token cannot be stored (%s); log in anew if the old one is refused", path, problem
                )


def _impersonation(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the headers for the user that the kubeconfig's user stands for."""
    for name, header in (("as", "Impersonate-User"), ("as-uid", "Impersonate-Uid")):
        if user.get(name):
            yield header, str(user[name])
    for group in user.get("as-groups") or ():
        yield "Impersonate-Group", str(group)
    for key, values in (user.get("as-user-extra") or {}).items():
        for value in values:
            yield f"Impersonate-Extra-{quote(key, safe=HEADER_CHARACTERS)}", str(value)
