"""A mailbox on an IMAP server, read without disturbing the people who work in it."""
