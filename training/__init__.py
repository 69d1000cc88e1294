"""What the reader of e-mails is trained on, and the command that trains it; nothing here is needed to run."""
