"""Mail in: a listener and IMAP readers, which keep every e-mail and pass it on (P1, P7, P11)."""
