"""The ``yaodian`` command, one module per group of commands."""
