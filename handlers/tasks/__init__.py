"""Tasks: given, lived with, put off, finished."""
