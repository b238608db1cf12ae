"""What a language model was used for, by day and payer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "model_usage",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("payer", sa.String(length=255), nullable=False),
        sa.Column("calls", _NUMBER, nullable=False),
        sa.Column("prompt_tokens", _NUMBER, nullable=False),
        sa.Column("completion_tokens", _NUMBER, nullable=False),
        sa.Column("reserved_tokens", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("day", "payer", name=op.f("pk_model_usage")),
    )
