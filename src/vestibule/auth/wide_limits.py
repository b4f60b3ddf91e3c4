"""Limits of what comes from one place, from the network around it, and from everywhere at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Network

from vestibule.auth.devices import Device
from vestibule.auth.rate_limits import Budget, Limit

HOUR = timedelta(hours=1)
# A provider gives one customer a /56 or a /48 of IPv6, or gives 65,536 customers a /64 each out
# of a /48: that has the budget of so many origins.
NETWORK_BITS, NETWORK_ORIGINS = 48, 10


@dataclass(frozen=True)
class Wide:
    """The limits of what one origin does, the network around it, and everybody together."""

    origin: Limit
    network: Limit
    everybody: Limit

    @classmethod
    def of(cls, name: str, per_origin: int, window: timedelta, per_hour: int) -> Wide:
        """Limits by these names and amounts; 0 is none."""
        return cls(
            Limit(f"{name}.origin", per_origin, window),
            Limit(f"{name}.network", NETWORK_ORIGINS * per_origin, window),
            Limit(f"{name}.everybody", per_hour, HOUR),
        )

    def budgets(self, device: Device | None) -> list[Budget]:
        """Those that a visitor uses; none, if it is no visitor who asks."""
        if device is None:
            return []
        found = [Budget(self.origin, (device.origin,)), Budget(self.everybody, ())]
        if ":" in device.origin:
            network = IPv6Network(device.origin).supernet(new_prefix=NETWORK_BITS)
            found.append(Budget(self.network, (str(network),)))
        return found
