"""Indicator trees as imported: for whom, for which time; criteria, and words to a rating."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "indicator_tree",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", _ID, nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.Column("imported_by", _ID, nullable=True),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_indicator_tree_unit_id")),
        sa.ForeignKeyConstraint(["file"], ["blob.hash"], name=op.f("fk_indicator_tree_file")),
        sa.ForeignKeyConstraint(
            ["imported_by"], ["member.id"], name=op.f("fk_indicator_tree_imported_by")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_indicator_tree")),
    )
    op.add_column("indicator", sa.Column("criterion", sa.Text(), nullable=True))
    op.add_column("rating", sa.Column("note", sa.Text(), nullable=True))
