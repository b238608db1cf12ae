"""Dispatcher and outbox over a real database."""
