"""The demonstration: complete cancellations on real servers, thirty days in a few seconds."""

from starters.cli.demo.command import add_commands

__all__ = ["add_commands"]
