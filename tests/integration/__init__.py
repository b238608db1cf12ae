"""One channel or query module against a real server or database."""
