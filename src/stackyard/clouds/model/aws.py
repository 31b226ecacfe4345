"""A role in AWS, and what its owner has to say so that runs may take it on."""

import json
import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.clouds.model.integration import Cloud, CloudIntegration, CloudSpec
from stackyard.kernel.audit import ResourceType
from stackyard.kernel.ids import CloudId, StackId

# What AWS itself lets a session last.
SHORTEST_SECONDS: Final = 900
LONGEST_SECONDS: Final = 43_200
USUAL_SECONDS: Final = 3_600
_LONGEST: Final = 2_048
_ROLE: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSpec(CloudSpec):
    role_arn: str
    generate_credentials_in_worker: bool = False
    external_id: str = ""
    duration_seconds: int = USUAL_SECONDS
    region: str | None = None
    tag_assume_role: bool = False

    def problems(self) -> list[str]:
        found = CloudSpec.problems(self)
        return found + role_problems(
            self.role_arn,
            seconds=self.duration_seconds,
            in_worker=self.generate_credentials_in_worker,
        )


class AwsIntegration(CloudIntegration):
    __tablename__ = "aws_integrations"
    __mapper_args__ = {"polymorphic_identity": Cloud.AWS}  # noqa: RUF012 - SQLAlchemy reads it as written
    resource_type = ResourceType.AWS_INTEGRATION

    id: Mapped[CloudId] = mapped_column(
        ForeignKey(CloudIntegration.id, ondelete="CASCADE"), primary_key=True
    )
    role_arn: Mapped[str]
    generate_credentials_in_worker: Mapped[bool]
    external_id: Mapped[str]
    duration_seconds: Mapped[int]
    region: Mapped[str | None]
    tag_assume_role: Mapped[bool]

    def external_id_for(self, project: StackId, *, account: str, write: bool) -> str:
        """Return what the role may ask for; a worker of one's own may say another."""
        if self.generate_credentials_in_worker and self.external_id:
            return self.external_id
        return f"{account}@{self.id}@{project}@{'write' if write else 'read'}"


def role_problems(arn: str, *, seconds: int, in_worker: bool) -> list[str]:
    """Return what is wrong with a role; what workers do with it is their business."""
    found = []
    if not (arn.strip() if in_worker else _ROLE.fullmatch(arn)):
        found.append(
            "roleArn: must be that of a role, arn:aws:iam::<account>:role/<name>"
        )
    if len(arn) > _LONGEST:
        found.append(f"roleArn: at most {_LONGEST} characters")
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        found.append(
            f"durationSeconds: between {SHORTEST_SECONDS} and {LONGEST_SECONDS}"
        )
    return found


def trust_statement(external_id: str, *, aws_account: str) -> str:
    """Return the statement that lets *aws_account* take on a role, as JSON."""
    statement = {
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        "Effect": "Allow",
        "Principal": {"AWS": aws_account},
    }
    return json.dumps(statement, separators=(",", ":"))
