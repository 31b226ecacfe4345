"""A module: code that other code is made of, kept in versions.

Here is only its row. What can be done with it is said by `stackyard.modules`, which is
above runs; it is mapped beside `Stack` so that whoever loads a project gets either.
"""

from sqlalchemy.orm import Mapped, mapped_column

from stackyard.stacks.model.project import Project, ProjectKind
from stackyard.stacks.model.vendors import Terraform, TerraformTool


class Module(Project):
    __mapper_args__ = {  # noqa: RUF012 - SQLAlchemy reads it as written
        "polymorphic_identity": ProjectKind.MODULE,
        "polymorphic_load": "inline",  # whoever loads a project has all of it
    }

    # null in the rows of stacks, and in no other: `ck_stacks_module_is_whole`
    terraform_provider: Mapped[str] = mapped_column(nullable=True)
    public: Mapped[bool] = mapped_column(nullable=True)

    @property
    def workflow_tool(self) -> TerraformTool:
        vendor = self.vendor
        return (
            vendor.workflow_tool
            if isinstance(vendor, Terraform)
            else TerraformTool.CUSTOM
        )
