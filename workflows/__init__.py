"""The workflows, one file each, and what they share: retries, search attributes, task queue."""
