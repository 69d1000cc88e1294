"""The monitor: counts in the records, asks Temporal, looks at certificates and disks, and tells Prometheus."""
