"""${message}"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
# "before": the new code needs it, and the previous release runs on it.
# "after": only the previous release needed what goes.
half: str = "before"


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
