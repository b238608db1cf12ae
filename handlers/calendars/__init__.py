"""The year's holidays: brought in by an admin, in force at once."""
