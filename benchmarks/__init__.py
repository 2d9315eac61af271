"""What eventsim costs, as ratios to a baseline timed in the same run: ``make bench``."""
