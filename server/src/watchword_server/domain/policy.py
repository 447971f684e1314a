"""How often, how long and how many: the immutable rules of one verification.

`POLICIES` is the literal table of design section 5.  `LOCKOUT` is common to every row:
NIST SP 800-63B-4 section 3.2.2 caps consecutive failures at 100 and section 3.1.3.2 forbids
that a new code resets the count.
"""

import msgspec

MAX_TTL_S = 600
"""NIST SP 800-63B-4 section 3.1.3.2: a code is invalid after ten minutes."""


class Policy(msgspec.Struct, frozen=True):
    """The limits of one verification.

    Attributes:
        max_checks: how many submitted codes are evaluated before it is exhausted.
        max_sends: how many messages may carry its code, the first included.
        cooldowns_s: seconds before the second, third, ... send; the last one repeats.
        ttl_s: seconds the code lives.
        code_length: characters of a generated code.
    """

    name: str
    max_checks: int = 5
    max_sends: int = 4
    cooldowns_s: tuple[int, ...] = (30, 60, 120)
    ttl_s: int = 300
    code_length: int = 6

    def cooldown_s(self, sends: int) -> int:
        """Seconds that must pass after send number `sends` (from 1) before the next."""
        if not self.cooldowns_s:
            return 0
        return self.cooldowns_s[min(sends, len(self.cooldowns_s)) - 1]


class Lockout(msgspec.Struct, frozen=True):
    """Failed checks per address, across every verification of it.

    Attributes:
        max_failures: failures within `window_s` after which no check is evaluated.
        max_consecutive: failures in a row that stop the address until an operator unlocks it.
    """

    max_failures: int = 15
    window_s: int = 86_400
    max_consecutive: int = 100


POLICIES: dict[str, Policy] = {
    "native": Policy("native"),
    "twilio": Policy("twilio", max_sends=5, cooldowns_s=(), ttl_s=600),
    "vonage": Policy("vonage", max_checks=3, code_length=4),
    "prelude": Policy("prelude", max_sends=5, cooldowns_s=()),
    "sandbox": Policy("sandbox", cooldowns_s=()),
}
NATIVE = POLICIES["native"]
SANDBOX = POLICIES["sandbox"]
LOCKOUT = Lockout()
LADDER_MEMORY_S = 3_600
"""An address that was left alone this long starts again at the first cool-down."""


def remembered_sends(sends: int, next_send_at: int, now: int) -> int:
    """How many earlier sends still count on an address's cool-down ladder at `now` (ms)."""
    return 0 if next_send_at + LADDER_MEMORY_S * 1000 < now else sends
