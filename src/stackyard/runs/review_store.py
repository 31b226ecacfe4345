"""All SQL about reviews."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import RunId
from stackyard.runs.review import RunReview


@dataclass(frozen=True, slots=True)
class ReviewStore:
    session: AsyncSession

    async def add(self, review: RunReview) -> None:
        self.session.add(review)
        await self.session.flush()

    async def of_runs(self, run_ids: Sequence[RunId]) -> Sequence[RunReview]:
        query = (
            select(RunReview)
            .where(RunReview.run_id.in_(run_ids))
            .order_by(RunReview.run_id, RunReview.id.desc())
        )
        return (await self.session.scalars(query)).all()
