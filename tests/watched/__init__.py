"""Alerts, dashboard and runbooks, tried on what real processes tell."""
