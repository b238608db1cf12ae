"""Between channels and handlers."""
