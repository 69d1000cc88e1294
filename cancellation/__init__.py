"""Durable customer cancellation for a cloud-PBX provider: the application, without workers or command lines."""
