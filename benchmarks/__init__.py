"""Speed and scale, measured; never part of the tests. Each module prints what it measures."""
