"""A stack's environment variables and mounted files."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import StackId
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Sealed
from stackyard.stacks.model.rules import clean_path, storable

LARGEST_VARIABLE: Final = 128 * 1024
LARGEST_FILE: Final = 2 * 1024 * 1024
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}")
_LONGEST_PATH: Final = 1024


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


class ConfigElement(Entity):
    """One variable, or file. A secret one has no `value`, only what is sealed."""

    __tablename__ = "stack_config"
    __table_args__ = (
        CheckConstraint(
            "(value IS NULL) = write_only AND (sealed IS NULL) <> write_only",
            name="ck_stack_config_secret_is_sealed",
        ),
    )

    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True
    )
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
