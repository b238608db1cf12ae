"""Queries and engine without a database."""
