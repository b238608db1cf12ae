"""Windows in which forms are handed in, and who deals with what was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "form_window",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("unit_id", _NUMBER, nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_by", _NUMBER, nullable=True),
        sa.Column("opened_account", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["member.id"], name=op.f("fk_form_window_opened_by")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_form_window_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_window")),
        sa.UniqueConstraint("key", name=op.f("uq_form_window_key")),
    )
    op.create_index(op.f("ix_form_window_type"), "form_window", ["type"])
    op.create_index(
        "ix_form_window_open",
        "form_window",
        ["closes_at"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "form_case",
        sa.Column("record_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("owner_id", _NUMBER, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("window_id", _NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["member.id"], name=op.f("fk_form_case_owner_id")),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_form_case_record_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["window_id"], ["form_window.id"], name=op.f("fk_form_case_window_id")
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_form_case")),
    )
    op.create_index(op.f("ix_form_case_owner_id"), "form_case", ["owner_id"])
    op.create_index(op.f("ix_form_case_window_id"), "form_case", ["window_id"])
