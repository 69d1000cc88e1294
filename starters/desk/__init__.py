"""Commercial's desk: a web page in which a salesperson works a whole case (X24), and its figures (X26)."""
