"""Which task took another's place, and the files that prove an occurrence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("task", sa.Column("superseded_by", _ID, nullable=True))
    op.create_table(
        "occurrence_file",
        sa.Column("occurrence_id", _ID, nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("thumbnail", sa.String(length=64), nullable=True),
        sa.Column("member_id", _ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["occurrence_id"],
            ["occurrence.id"],
            name=op.f("fk_occurrence_file_occurrence_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["blob"], ["blob.hash"], name=op.f("fk_occurrence_file_blob")),
        sa.ForeignKeyConstraint(
            ["thumbnail"], ["blob.hash"], name=op.f("fk_occurrence_file_thumbnail")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_occurrence_file_member_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("occurrence_id", "blob", name=op.f("pk_occurrence_file")),
    )
    op.create_index(op.f("ix_occurrence_file_blob"), "occurrence_file", ["blob"])
