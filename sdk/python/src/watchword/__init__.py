"""Watchword: verify a phone number or an email address through a Watchword server.

from watchword import Watchword

client = Watchword()
message = client.messages.send(to="+6591234567", template_id="otp-sms")
result = client.verifications.check(message_id=message.message_id, code=typed_by_the_user)
"""

from watchword import agent, errors, models, webhooks
from watchword.client import AsyncWatchword, Watchword
from watchword.errors import *  # noqa: F403 - what it lists
from watchword.models import *  # noqa: F403 - all of them
from watchword.protocol import __version__

__all__ = ["AsyncWatchword", "Watchword", "__version__", "agent", "webhooks"]
__all__ += errors.__all__
__all__ += models.__all__
