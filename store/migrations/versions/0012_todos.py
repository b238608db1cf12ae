"""What stands in people's to-do lists on a platform."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "todo",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("occurrence_id", _ID, nullable=False),
        sa.Column("member_id", _ID, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("shown", sa.String(length=64), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_todo_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_todo")),
    )
    op.create_index(op.f("ix_todo_member_id"), "todo", ["member_id"])
