"""What users mount into engine pods: certificates, plugins, tuned kernels, data."""

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.path_formats import MountedEntry, MountPath
from fairlead.api.string_formats import ObjectName


class Mount(ApiModel):
    """A ConfigMap, Secret or PersistentVolumeClaim in the engine's container."""

    path: MountPath = Field(
        description="Where it is mounted, for instance /etc/company-ca. What the image has there is hidden."
    )
    config_map_name: ObjectName | None = Field(default=None, description="ConfigMap, each key a file.")
    secret_name: ObjectName | None = Field(default=None, description="Secret, each key a file.")
    claim_name: ObjectName | None = Field(
        default=None,
        description="PersistentVolumeClaim that all replicas mount, so it must be ReadOnlyMany or ReadWriteMany unless "
        "they all run on one node. Never created or deleted by Fairlead.",
    )
    sub_path: MountedEntry | None = Field(
        default=None,
        description="Mounts only this: a key of the ConfigMap or Secret, then path is that of the file, or a folder or "
        "file of the volume. Default: all of it.",
    )
    writable: bool = Field(
        default=False, description="Whether the engine may write, which only a claim allows. Default false."
    )
