"""Broadcasts: one text to many, with receipts."""
