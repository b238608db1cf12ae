"""Messages in, messages out: channels, dispatcher, outbox, admin pages and the command line."""
