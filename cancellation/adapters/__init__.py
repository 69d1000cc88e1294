"""One folder a kind of server: what fulfils the ports. Only workers and starters may import from here."""
