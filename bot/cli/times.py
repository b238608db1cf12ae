"""``when``: read a time or a rule."""

from __future__ import annotations


def when() -> None:
    """读时间。"""
