"""Everything that can fail before a user sees it."""
