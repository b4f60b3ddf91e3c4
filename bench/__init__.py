"""How fast the service is, measured against the least that the same server can do.

``make bench`` runs ``python -m bench``. Machines differ and drift, so only ratios from one run
count: the loads take turns, several times, and medians are compared.
"""
