"""What ``make bench`` tells is what it found."""
