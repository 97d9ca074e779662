"""``retention-engine check``: what is wrong with rules, before anything runs."""
