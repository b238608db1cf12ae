"""Sample documents and people of an invented county, shown by ``yaodian serve --demo``."""
