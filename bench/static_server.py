"""`watchword-server serve` as it is, with everything on, but for its application: the static one.

So the floor has the real server's flags, event loop, HTTP parser, threads and worker.
"""

from bench import static_app
from watchword_server.api import app
from watchword_server.cli.main import main

if __name__ == "__main__":
    app.create = lambda *_: static_app.app
    main()
