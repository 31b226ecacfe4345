"""Terraform providers of one's own: versions, signed and served.

A version is a draft until all that was announced has been uploaded and its signature
fits; published, it is what Terraform's provider registry protocol lists. The bytes are
moved by `stackyard.provider_files`.
"""

from stackyard.registry.providers.errors import (
    GpgKeyAdminOnlyError,
    GpgKeyNotFoundError,
    GpgKeyProblemsError,
    GpgKeyTakenError,
    ProviderInUseError,
    ProviderNotFoundError,
    ProviderProblemsError,
    ProviderSpaceError,
    ProviderTypeTakenError,
    ProviderVersionNotFoundError,
    UploadDiffersError,
    UploadTooLargeError,
    UploadUnexpectedError,
    VersionNumberTakenError,
    VersionProblemsError,
    VersionStatusError,
)
from stackyard.registry.providers.events import ProviderFilesForgotten
from stackyard.registry.providers.model import (
    GpgKey,
    PlatformSpec,
    ProviderPlatform,
    ProviderSpec,
    ProviderVersion,
    ProviderVersionSpec,
    ProviderVersionStatus,
    TerraformProvider,
    Uploaded,
    file_key,
    read_documents,
)
from stackyard.registry.providers.openpgp import PublicKey
from stackyard.registry.providers.ports import Neighbours
from stackyard.registry.providers.service import (
    Download,
    GpgKeys,
    ProviderDownloads,
    ProviderVersions,
    TerraformProviders,
)
from stackyard.registry.providers.store import (
    GpgKeyStore,
    ProviderStore,
    VersionStore,
)

__all__ = [
    "Download",
    "GpgKey",
    "GpgKeyAdminOnlyError",
    "GpgKeyNotFoundError",
    "GpgKeyProblemsError",
    "GpgKeyStore",
    "GpgKeyTakenError",
    "GpgKeys",
    "Neighbours",
    "PlatformSpec",
    "ProviderDownloads",
    "ProviderFilesForgotten",
    "ProviderInUseError",
    "ProviderNotFoundError",
    "ProviderPlatform",
    "ProviderProblemsError",
    "ProviderSpaceError",
    "ProviderSpec",
    "ProviderStore",
    "ProviderTypeTakenError",
    "ProviderVersion",
    "ProviderVersionNotFoundError",
    "ProviderVersionSpec",
    "ProviderVersionStatus",
    "ProviderVersions",
    "PublicKey",
    "TerraformProvider",
    "TerraformProviders",
    "UploadDiffersError",
    "UploadTooLargeError",
    "UploadUnexpectedError",
    "Uploaded",
    "VersionNumberTakenError",
    "VersionProblemsError",
    "VersionStatusError",
    "VersionStore",
    "file_key",
    "read_documents",
]
