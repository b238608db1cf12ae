"""Reminders: when, and once; knows no channel."""
