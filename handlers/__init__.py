"""What the product can do: one folder per subject, typed actions and the dialogues that call them."""
