"""`python -m cli`: what `./kaibo` runs."""

from cli.commands import main

main()
