"""What a person starts, started."""
