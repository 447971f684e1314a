"""Starting, resending and canceling verifications."""

from watchword_server.services.sending.custom import CustomSending
from watchword_server.services.sending.draft import Start
from watchword_server.services.sending.rehearsal import Rehearsing
from watchword_server.services.sending.service import Accepted, Sending

__all__ = ["Accepted", "CustomSending", "Rehearsing", "Sending", "Start"]
