"""What may import what, and what is shipped."""
