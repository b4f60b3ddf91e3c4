"""What an operator says about what is asked for besides a password."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from vestibule.config.values import Duration, Guesses

# Who has to have a second factor.
Required = Literal["optional", "administrators", "all"]


class FactorSettings(BaseSettings):
    """The settings of second factors."""

    factors: Required = Field("optional", description="Who has to have a second factor.")
    factor_failures: Guesses = Field(10, description="Wrong codes of an account in 15 minutes.")
    factor_failures_per_account: Guesses = Field(100, description="The same, in a year.")
    factors_wait: Duration = Field(
        timedelta(hours=24),
        description="Factors that an operator takes away for who lost them are there for so long.",
    )
    recent_login: Duration = Field(
        timedelta(minutes=10),
        description="Only this soon after a proof is an account deleted, or its factors changed.",
    )
