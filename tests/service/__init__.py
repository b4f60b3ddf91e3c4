"""The service, as its visitors and its operator see it."""
