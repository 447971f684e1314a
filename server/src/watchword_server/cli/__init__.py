"""The operator's face: `watchword-server`, one module per command, loaded when it is called."""
