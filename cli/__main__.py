"""`python -m cli`: what `./kaibo` runs."""

from cli.commands import app

app(prog_name="kaibo")
