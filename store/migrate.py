"""Brings a database to the newest schema with Alembic, which is loaded only when it must be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

import store.models_indicators  # its tables, as those below, belong to the schema
import store.models_questions
import store.models_quotas
import store.models_records
import store.models_running
import store.models_signing_in
import store.models_tasks
import store.models_todos
import store.models_usage
import store.models_windows  # noqa: F401 - its tables belong to the schema

if TYPE_CHECKING:
    from alembic.config import Config

HEAD_REVISION = "0013"


def alembic_config(connection: Connection) -> Config:
    """What Alembic needs to work on ``connection``."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Apply what is missing, in the transaction that ``connection`` is in."""
    if _revision(connection) == HEAD_REVISION:
        return
    from alembic import command

    command.upgrade(alembic_config(connection), HEAD_REVISION)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
