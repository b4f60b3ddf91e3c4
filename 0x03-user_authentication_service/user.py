#!/usr/bin/env python3
"""What is stored: the table of users."""
from sqlalchemy import Column, Integer, String

try:
    from sqlalchemy.orm import declarative_base
except ImportError:
    # SQLAlchemy 1.3 still keeps it here; 2.0 warns against this place.
    from sqlalchemy.ext.declarative import declarative_base

Base = declarative_base()


class User(Base):
    """One account: an address, and the secrets that open it."""

    __tablename__ = "users"

    id = Column(Integer, primary_key=True)
    email = Column(String(250), nullable=False)
    # Never the password: whoever steals the file must still guess each one.
    hashed_password = Column(String(250), nullable=False)
    # NULL means that nobody is logged in, or that no reset was asked for.
    session_id = Column(String(250), nullable=True)
    reset_token = Column(String(250), nullable=True)
