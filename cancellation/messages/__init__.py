"""What travels between this system and others, as frozen pydantic models; one file a counterpart."""
