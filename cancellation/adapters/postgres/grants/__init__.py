"""What each role of the database may do, one file a role; see `roles.py`."""
