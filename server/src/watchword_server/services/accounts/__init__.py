"""Provider accounts: rows of a project, kept in memory, chosen by weight and health."""

from watchword_server.services.accounts.choosing import Candidate, Choosing
from watchword_server.services.accounts.keeper import Keeper, Own
from watchword_server.services.accounts.secrets import SettingsBox
from watchword_server.services.accounts.service import (
    AccountChanges,
    AccountMaker,
    NewAccount,
    ProviderAccounts,
    ShownAccount,
)
from watchword_server.services.accounts.sessions import Sessions, Take
from watchword_server.services.accounts.trying import Condition, Ended, Tried, Trying
from watchword_server.services.accounts.watching import Watching

__all__ = [
    "AccountChanges", "AccountMaker", "Candidate", "Choosing", "Condition", "Ended", "Keeper",
    "NewAccount", "Own", "ProviderAccounts", "Sessions", "SettingsBox", "ShownAccount", "Take",
    "Tried", "Trying", "Watching",
]  # fmt: skip
