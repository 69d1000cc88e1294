"""Adapters that ask the domain name system."""
