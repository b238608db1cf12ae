"""Adding, showing and retiring documents."""
