"""Hand-written stand-ins for what is not ours."""
