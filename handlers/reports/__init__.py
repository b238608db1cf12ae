"""What was done, counted from the records, and what is missing."""
