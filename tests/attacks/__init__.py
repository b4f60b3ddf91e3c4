"""Attacks on a real server, over HTTP and through the mail that arrives.

Each test says in its docstring which attack of the catalogue it is (A01 and so on); the families
and what the service promises against them are told in ``docs/threat-model.md``.
"""
