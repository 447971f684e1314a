"""`serve --selfcheck`: the running server sends itself a code and verifies it."""

from watchword_server.cli import screen
from watchword_server.cli.command import Refused, report
from watchword_server.cli.hosting import Server
from watchword_server.cli.journey import Step, journey


async def run(server: Server) -> bool:
    """Print each step; whether all went well."""
    try:
        async with journey(server) as (_key, walk):
            for step in (walk.send, walk.delivered, walk.read_back, walk.right):
                show(await step())
    except Refused as error:
        report(error.problem, as_json=False)
        return False
    screen.say("  It works: one code was sent, delivered and verified.")
    return True


def show(step: Step) -> None:
    """Print a finished step on one line."""
    screen.say(
        f"  {screen.mark('ok')}  {step['step']:<10}  {step['ms']:>7.1f} ms  {step['outcome']}"
    )
