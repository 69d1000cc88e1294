"""`python -m starters.cli`: the same as the command `cancelamento`."""

from starters.cli import main

main()
