"""Ends in its init."""

import sys

sys.exit(4)
