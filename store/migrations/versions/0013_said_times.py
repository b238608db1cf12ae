"""The words of a time that hangs on a year whose working days are not published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("task", sa.Column("when_words", sa.Text(), nullable=False, server_default=""))
