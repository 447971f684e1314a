"""`watchword init`: puts a send route, a verify route and a webhook handler into a project.

`detection.py` says what the project is, `manifests.py` adds the dependency, `agents.py` what
coding agents read, `planning.py` turns it into changes, `command.py` shows or makes them.
What is written and for which framework is in `templates/`, which the Node flavour reads too.
"""
