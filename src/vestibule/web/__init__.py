"""The faces: they know HTTP, and never rows or SQL."""
