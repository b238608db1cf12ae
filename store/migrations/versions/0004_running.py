"""Wishes to join, units that go together, broadcasts, and what a standing answer rests on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "broadcast",
        sa.Column("id", _ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("made_account", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("chased", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by"], ["member.id"], name=op.f("fk_broadcast_made_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
    )
    op.create_table(
        "join_request",
        sa.Column("id", _ID, nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", _ID, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("member_id", _ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["member.id"],
            name=op.f("fk_join_request_decided_by"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_join_request_member_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_request")),
    )
    op.create_index(op.f("ix_join_request_platform"), "join_request", ["platform"])
    op.create_table(
        "unit_group",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_unit_group_unit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", "unit_id", name=op.f("pk_unit_group")),
    )
    op.create_index(op.f("ix_unit_group_unit_id"), "unit_group", ["unit_id"])
    op.add_column("question", sa.Column("confidence", sa.Double(), nullable=True))
    op.add_column("question", sa.Column("routed_at", sa.BigInteger(), nullable=True))
    op.add_column("standing_answer", sa.Column("basis", sa.Text(), nullable=True))
    op.add_column("standing_answer", sa.Column("expires_on", sa.Date(), nullable=True))
    op.add_column("standing_answer", sa.Column("serves", sa.JSON(), nullable=True))
