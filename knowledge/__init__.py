"""Documents to passages to index to cited answers and draft tasks; knows no chat and no database."""
