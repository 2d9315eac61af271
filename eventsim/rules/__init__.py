"""What AWS decides, as pure functions: no clock, no I/O, ``now`` comes in as an argument."""
