"""Keeping a copy of everything, and saying in time when something runs short."""
