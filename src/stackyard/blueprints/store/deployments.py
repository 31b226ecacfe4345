from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.blueprints.model.deployment import (
    DeployedStack,
    Deployment,
    DeploymentInput,
)
from stackyard.blueprints.store.writing import add, forget
from stackyard.kernel.ids import DeploymentId, SpaceId, StackId, TemplateId


@dataclass(frozen=True, slots=True)
class DeploymentStore:
    session: AsyncSession

    async def find(
        self,
        template_id: TemplateId,
        deployment_id: DeploymentId,
        *,
        lock: bool = False,
    ) -> Deployment | None:
        """Load it; with *lock*, no one else may change it until we commit."""
        return await self.session.get(
            Deployment,
            (template_id, deployment_id),
            with_for_update={"of": Deployment} if lock else None,
            populate_existing=lock,
        )

    async def inputs_of(self, deployment: Deployment) -> Sequence[DeploymentInput]:
        query = (
            select(DeploymentInput)
            .where(
                DeploymentInput.template_id == deployment.template_id,
                DeploymentInput.deployment_id == deployment.id,
            )
            .order_by(DeploymentInput.position)
        )
        return (await self.session.scalars(query)).all()

    async def stacks_of(self, deployment: Deployment) -> Sequence[DeployedStack]:
        query = (
            select(DeployedStack)
            .where(
                DeployedStack.template_id == deployment.template_id,
                DeployedStack.deployment_id == deployment.id,
            )
            .order_by(DeployedStack.position)
        )
        return (await self.session.scalars(query)).all()

    async def has(self, stack_id: StackId) -> bool:
        """Whether the stack is one of a deployment that is not to be deleted."""
        query = (
            select(DeployedStack.key)
            .join(
                Deployment,
                and_(
                    Deployment.template_id == DeployedStack.template_id,
                    Deployment.id == DeployedStack.deployment_id,
                ),
            )
            .where(
                DeployedStack.stack_id == stack_id,
                Deployment.deletion_requested_at.is_(None),
            )
        )
        return await self.session.scalar(query) is not None

    async def deleting(self) -> Sequence[Deployment]:
        """Return all that are to be deleted, locked.

        Waiting for the lock: whoever has it may not know yet what we know.
        """
        query = (
            select(Deployment)
            .where(Deployment.deletion_requested_at.is_not(None))
            .order_by(Deployment.template_id, Deployment.id)
            .with_for_update(of=Deployment)
            .execution_options(populate_existing=True)
        )
        return (await self.session.scalars(query)).all()

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(Deployment.space_id == space)
        return (await self.session.execute(query)).scalar_one()

    async def add(self, deployment: Deployment) -> None:
        slug, name = deployment.id, deployment.name
        await add(self.session, deployment, "deployment", slug, name)

    async def add_stack(self, stack: DeployedStack) -> None:
        self.session.add(stack)
        await self.session.flush()

    async def replace_inputs(
        self, deployment: Deployment, inputs: Sequence[DeploymentInput]
    ) -> None:
        await self.session.execute(
            delete(DeploymentInput).where(
                DeploymentInput.template_id == deployment.template_id,
                DeploymentInput.deployment_id == deployment.id,
            )
        )
        self.session.add_all(inputs)
        await self.session.flush()

    async def write(self) -> None:
        await self.session.flush()

    async def remove(self, deployment: Deployment) -> None:
        await forget(self.session, deployment)
