"""Attacks whose outcome is a number: measured, printed, and held against what was promised.

``make test`` leaves them out, because other tests beside them would be in the figures:
``make test-load``, ``make test-timing`` and ``make test-sqlmap`` run them, and ``.ci/run`` does.

A promise is in milliseconds on a machine that does nothing else. Where the machine is busy, which
the same requests show before the attack, a figure may be as many times larger; the verdict that is
printed says the true figure and the promise in any case.
"""
