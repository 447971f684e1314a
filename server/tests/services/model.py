"""One address by the book: design section 5 in thirty lines, without a store."""

HOUR, DAY = 3_600_000, 86_400_000
LADDER = (30_000, 60_000, 120_000)
CHECKS, SENDS, FAILURES, IN_A_ROW, TTL = 5, 4, 15, 100, 300_000


class Model:
    """What must become of an address and of the verification that was started last for it.

    Each method answers with a word: what happened, or why not.
    """

    def __init__(self, now):
        self.now = now
        self.status, self.purpose, self.expires = "none", None, 0
        self.checks = self.sends = self.rung = self.cool = self.row = 0
        self.failures, self.queued, self.arrived = [], 0, 0
        self.kept = (0, 0)

    def locked(self):
        recent = sum(at > self.now - DAY for at in self.failures)
        return recent >= FAILURES or self.row >= IN_A_ROW

    def lapse(self):
        if self.status == "pending" and self.now >= self.expires:
            self.status, self.kept = "expired", (self.rung, self.cool)

    def start(self, purpose):
        self.lapse()
        if self.locked():
            return "locked"
        if self.status == "pending" and purpose == self.purpose:
            return self.resend()
        if self.cool > self.now:
            return "cooling"
        if self.status == "pending":
            self.kept = (self.rung, self.cool)
        if self.cool + HOUR < self.now:
            self.rung = 0
        self.status, self.purpose, self.expires = "pending", purpose, self.now + TTL
        self.checks = self.sends = self.queued = 0
        return self.send("started")

    def resend(self):
        self.lapse()
        if self.status != "pending":
            return "over"
        if self.locked():
            return "locked"
        if self.sends == SENDS:
            return "no sends"
        return "cooling" if self.cool > self.now else self.send("resent")

    def send(self, word):
        self.sends, self.queued, self.rung = self.sends + 1, self.queued + 1, self.rung + 1
        self.cool = self.now + LADDER[min(self.rung, 3) - 1]
        return word

    def check(self, right):
        self.lapse()
        if self.status != "pending":
            return "over"
        if self.locked():
            return "locked"
        self.checks += 1
        if right:
            self.status, self.row = "approved", 0
            self.rung, self.cool = self.kept  # what earlier ones that were not approved left
            return "right"
        self.failures.append(self.now)
        self.row += 1
        if self.checks == CHECKS:
            self.status, self.kept = "exhausted", (self.rung, self.cool)
        return "wrong"

    def cancel(self):
        self.lapse()
        if self.status != "pending":
            return "over"
        self.status, self.kept = "canceled", (self.rung, self.cool)
        return "canceled"

    def work(self):
        self.lapse()
        if self.status == "pending":
            self.arrived += self.queued
        self.queued = 0
