"""Environment variables and mounted files: what stacks and contexts both hold.

A secret value goes in sealed, and comes out again only as a `ConfigValue`.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.errors import ProblemsError
from stackyard.kernel.secrets import Sealed, Vault
from stackyard.kernel.text import clean_path, storable

LARGEST_VARIABLE: Final = 128 * 1024
LARGEST_FILE: Final = 2 * 1024 * 1024
# What a table of elements must keep to, whoever writes to it.
SEALED_IF_WRITE_ONLY: Final = (
    "(value IS NULL) = write_only AND (sealed IS NULL) <> write_only"
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}")
_LONGEST_PATH: Final = 1024


class ConfigElementError(ProblemsError):
    """The variable or file cannot be stored."""


class ConfigType(StrEnum):
    ENVIRONMENT_VARIABLE = "ENVIRONMENT_VARIABLE"
    FILE_MOUNT = "FILE_MOUNT"


@dataclass(frozen=True, slots=True)
class ConfigInput:
    """What somebody wants set. The value of a file is base64."""

    id: str
    type: ConfigType
    value: str
    write_only: bool = True
    description: str | None = None

    def __repr__(self) -> str:
        return f"ConfigInput({self.id!r}, {self.type})"  # the value may be a secret


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """A clear value on its way to a worker, and nowhere else."""

    id: str
    value: str
    secret: bool
    is_file: bool

    def __repr__(self) -> str:
        return f"ConfigValue({self.id!r})"


class ConfigFields:
    """The columns of one variable, or file, beside whose it is.

    A secret one has no `value`, only what is sealed.
    """

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[ConfigType]
    write_only: Mapped[bool]
    value: Mapped[str | None]
    sealed: Mapped[Sealed | None] = mapped_column(LargeBinary)
    checksum: Mapped[str]
    description: Mapped[str | None]
    created_at: Mapped[datetime]

    @property
    def is_file(self) -> bool:
        return self.type is ConfigType.FILE_MOUNT

    def set(self, wanted: ConfigInput, vault: Vault, *, row: str, at: datetime) -> None:
        """Hold what is wanted, or raise `ConfigElementError`; *row* is where we are."""
        problems = config_problems(wanted)
        if problems:
            raise ConfigElementError(*problems)
        secret = wanted.write_only
        self.id = wanted.id
        self.type = wanted.type
        self.write_only = secret
        self.value = None if secret else wanted.value
        self.sealed = vault.seal(wanted.value.encode(), context=row) if secret else None
        self.checksum = checksum(wanted.value)
        self.description = wanted.description or None
        self.created_at = at

    def clear(self, vault: Vault, *, row: str) -> ConfigValue:
        value = self.value or ""
        if self.sealed is not None:
            value = vault.unseal(self.sealed, context=row).decode()
        return ConfigValue(self.id, value, self.write_only, self.is_file)

    def facts(self) -> dict[str, object]:
        """Return what the audit trail keeps of it."""
        return {
            "ID": self.id,
            "Type": self.type,
            "WriteOnly": self.write_only,
            "ValueSHA": self.checksum,
        }


def checksum(value: str) -> str:
    """Return what clients compare with: SHA-256 of the exact text, in hexadecimal."""
    return hashlib.sha256(value.encode()).hexdigest()


def config_problems(wanted: ConfigInput) -> list[str]:
    texts = (wanted.id, wanted.value, wanted.description or "")
    if not all(storable(text) for text in texts):
        return ["names, values and descriptions are text without NUL characters"]
    if wanted.type is ConfigType.FILE_MOUNT:
        return _file_problems(wanted)
    return _variable_problems(wanted)


def _variable_problems(wanted: ConfigInput) -> list[str]:
    found = []
    if not _NAME.fullmatch(wanted.id):
        found.append("the name of a variable has only letters, digits, _, - and .")
    if "\n" in wanted.value or "\r" in wanted.value:
        found.append("the value of a variable must not contain line breaks")
    if len(wanted.value.encode()) > LARGEST_VARIABLE:
        found.append("the value of a variable has at most 128 kB")
    return found


def _file_problems(wanted: ConfigInput) -> list[str]:
    found = []
    if not clean_path(wanted.id) or len(wanted.id) > _LONGEST_PATH:
        found.append("the path of a file is a clean path below the workspace")
    try:
        content = base64.b64decode(wanted.value, validate=True)
    except (binascii.Error, ValueError):
        return [*found, "the value of a file is base64"]
    if len(content) > LARGEST_FILE:
        found.append("a file has at most 2 MB")
    return found
