"""Signing in on the pages: one-time links and sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _make("sign_in_link", sa.Column("used_at", sa.BigInteger(), nullable=True))
    _make(
        "page_session",
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
    )


def _make(table: str, *times: sa.Column[int]) -> None:
    op.create_table(
        table,
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("member_id", _ID, nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        *times,
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f(f"fk_{table}_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_member_id"), table, ["member_id"])
