"""Alembic's migrations; ``store.migrate`` runs them."""
