"""Adapters over PostgreSQL: the business records, with the rules that the database itself holds."""
