"""Reminders: what they say, and what people may do with them."""
