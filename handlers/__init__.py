"""What the product can do: one folder per subject, actions and the dialogues that call them."""
