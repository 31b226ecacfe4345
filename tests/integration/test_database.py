from sqlalchemy import text

from stackyard.adapters.postgres import Database


async def test_what_a_transaction_wrote_is_there_for_the_next(
    database: Database,
) -> None:
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE thing (id int)"))
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM thing")) == 0
