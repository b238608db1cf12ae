"""When a message was sent, and the platform's running number: who goes first in a turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("sent_at", "number"):
        op.add_column("inbox", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.execute("UPDATE inbox SET sent_at = accepted_at WHERE state = 'accepted'")
