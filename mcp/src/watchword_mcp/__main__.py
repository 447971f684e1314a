"""`python -m watchword_mcp`."""

from watchword_mcp.main import main

main()
