"""Everything that people read, in Brazilian Portuguese: the words for codes, how dates and amounts are written."""
