"""Writing templates, reviewing them, and looking at them before they are sent."""

from watchword_server.services.templates.preview import Preview
from watchword_server.services.templates.service import Standing, Templates

__all__ = ["Preview", "Standing", "Templates"]
