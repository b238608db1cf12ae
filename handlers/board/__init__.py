"""What those who look after things see at a glance, and messages that went wrong."""
