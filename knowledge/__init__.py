"""Documents to passages to index to answers and draft tasks; knows no chat and no database."""
