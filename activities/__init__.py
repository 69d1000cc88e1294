"""What the workflows do outside: one frozen dataclass a port."""
