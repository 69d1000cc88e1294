"""The process itself: pure rules, no I/O, no clock of their own (`now` is always an argument)."""
