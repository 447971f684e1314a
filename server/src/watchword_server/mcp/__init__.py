"""The MCP face: tools for agents, which start verifications and never see a code."""
