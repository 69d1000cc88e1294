"""Queries of the adapters, one file a schema; `queries` reads them."""
