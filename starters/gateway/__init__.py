"""The download pages: what a customer sees who follows the link to the recordings (P10)."""

from starters.gateway.app import create_app
from starters.gateway.serving import is_serving, run_gateway, serve

__all__ = ["create_app", "is_serving", "run_gateway", "serve"]
