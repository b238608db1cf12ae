"""File bytes to raw text and tables, one module per format; runs in a limited child process."""
