"""The lab judges implementations of the contract from outside, by what they answer."""
