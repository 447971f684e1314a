"""How agents get along with what Watchword publishes: a scoreboard that anyone can rerun."""
