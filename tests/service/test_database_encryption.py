"""A database of another machine is reached as its URL says, and nothing is left to chance."""

from __future__ import annotations

import pytest

from vestibule.config.databases import require_database

USER = "postgresql+psycopg://vestibule:marzipan"


@pytest.mark.parametrize(
    "rest",
    [
        "@db.example.com/vestibule",
        "@192.0.2.7:5432/vestibule",
        "@db.example.com/vestibule?sslmode=prefer",
        "@db.example.com/vestibule?sslmode=allow",
        "@/vestibule?host=db.example.com",
        "@localhost/vestibule?hostaddr=192.0.2.7",
        "@/vestibule?host=/run/postgresql,db.example.com",
    ],
)
def test_another_machine_needs_it_said(rest: str) -> None:
    with pytest.raises(ValueError, match="sslmode=verify-full") as refused:
        require_database(f"{USER}{rest}")
    assert "marzipan" not in str(refused.value)


@pytest.mark.parametrize(
    "rest",
    [
        "@db.example.com/vestibule?sslmode=verify-full&sslrootcert=/etc/ssl/ca.pem",
        "@db.example.com/vestibule?sslmode=require",
        "@db.example.com/vestibule?sslmode=disable",
        "@localhost/vestibule",
        "@127.0.0.1:5432/vestibule",
        "@[::1]/vestibule",
        "@/vestibule?host=/run/postgresql",
    ],
)
def test_what_is_said_counts_and_this_machine_needs_nothing(rest: str) -> None:
    require_database(f"{USER}{rest}")
