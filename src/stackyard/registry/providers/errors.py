from stackyard.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class ProviderNotFoundError(NotFoundError):
    """There is no such Terraform provider, or you may not know of it."""


class ProviderProblemsError(ProblemsError):
    """The Terraform provider's settings have problems."""


class ProviderTypeTakenError(ConflictError):
    """A Terraform provider of that type exists already."""


class ProviderSpaceError(InvalidError):
    """There is no such space to put the provider in, or you may not know of it."""


class ProviderInUseError(ConflictError):
    """The provider has published versions: revoke them first."""

    def __str__(self) -> str:
        return (
            f'the provider "{self.facts["provider"]}" has published versions, which'
            f" may be in use: {self.facts['versions']}. Revoke them first."
        )


class ProviderVersionNotFoundError(NotFoundError):
    """There is no such version of a Terraform provider, or you may not know of it."""


class VersionProblemsError(ProblemsError):
    """The version of the Terraform provider has problems."""


class VersionNumberTakenError(ConflictError):
    """The provider has a version of that number already, or had one."""

    def __str__(self) -> str:
        return (
            f'the provider "{self.facts["provider"]}" has a version'
            f" {self.facts['number']} already; only a draft's number is free again,"
            " once the draft is deleted"
        )


class VersionStatusError(ConflictError):
    """The version's status does not allow that."""

    def __str__(self) -> str:
        return (
            f"version {self.facts['number']} is {self.facts['status']}:"
            f" only {self.facts['needed']} can be {self.facts['verb']}"
        )


class GpgKeyAdminOnlyError(ForbiddenError):
    """You are unauthorized: GPG keys are for an account's administrators."""


class GpgKeyProblemsError(ProblemsError):
    """The GPG key cannot be used."""


class GpgKeyTakenError(ConflictError):
    """This GPG key was added already; one that was revoked stays revoked."""


class GpgKeyNotFoundError(NotFoundError):
    """There is no such GPG key."""


class UploadUnexpectedError(NotFoundError):
    """No draft waits for this upload any more."""


class UploadDiffersError(InvalidError):
    """What was uploaded does not have the checksum that was announced."""


class UploadTooLargeError(InvalidError):
    """What was uploaded is larger than a provider's file may be."""
