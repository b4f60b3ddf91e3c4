"""What tests stand on: a clock to move, servers to start, visitors, an ear for secrets."""
