"""Call recordings in an object store: folder, S3, Google, Azure (P10)."""
