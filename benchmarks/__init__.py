"""Commands that print what the documents quote as measured."""
