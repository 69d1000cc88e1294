"""What our own engine tells of cases."""
