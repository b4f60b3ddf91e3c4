"""How well two groups of times can be told apart."""

from __future__ import annotations


def area_under_curve(ones: list[float], others: list[float]) -> float:
    """The chance that one of ``ones`` took longer than one of ``others``: 0.5 tells nothing.

    It is the area under the ROC curve of every classifier that goes by a threshold (the
    statistic of Mann and Whitney), ties counting half.
    """
    pooled = sorted([(each, 1) for each in ones] + [(each, 0) for each in others])
    ranks = 0.0
    at = 0
    while at < len(pooled):
        end = at
        while end < len(pooled) and pooled[end][0] == pooled[at][0]:
            end += 1
        # All that are equal share the mean of their ranks.
        shared = (at + end + 1) / 2
        ranks += shared * sum(known for _, known in pooled[at:end])
        at = end
    return (ranks - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))
