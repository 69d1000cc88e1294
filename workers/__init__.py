"""Processes that run the workflows and activities, and the servers embedded beside them."""
