"""Sample customers, their recordings, and e-mails as real mail programs write them.

The files are dated around November 2026. Whoever takes a sample says for which day or instant: dates move
along, so that a charge made ahead is still ahead, and an e-mail has just been received.
"""

from samples.customers import customer_ids, sample_customer, sample_customers
from samples.mail import email_names, sample_email
from samples.recordings import Recording, sample_recordings

__all__ = [
    "Recording",
    "customer_ids",
    "email_names",
    "sample_customer",
    "sample_customers",
    "sample_email",
    "sample_recordings",
]
