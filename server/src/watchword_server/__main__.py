"""`python -m watchword_server` is `watchword-server`."""

from watchword_server.cli.main import NAME, main

main(prog_name=NAME)
