"""The lab is itself put to the test."""
