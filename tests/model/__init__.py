"""The service against a small model of what it should do."""
