"""Figures behind the promises; each module says what it measures."""
