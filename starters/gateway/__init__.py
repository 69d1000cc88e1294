"""The download pages: what a customer sees who follows the link to the recordings (P10)."""

from starters.gateway.app import create_app
from starters.gateway.serving import run_gateway

__all__ = ["create_app", "run_gateway"]
