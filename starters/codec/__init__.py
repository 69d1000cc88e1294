"""Shows operators in Temporal's Web UI what is encrypted in the server: Temporal's codec server protocol."""
