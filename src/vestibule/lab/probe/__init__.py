"""The probe is the part of the lab that runs inside the target's own interpreter.

It needs Python 3.7 or later and nothing but the standard library; whatever else it touches (Flask,
SQLAlchemy, bcrypt, requests) is the target's.
"""
