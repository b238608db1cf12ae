"""Questions that the documents do not answer, and the people who do."""
