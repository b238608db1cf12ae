"""Pure functions and handlers."""
