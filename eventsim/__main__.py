"""``python -m eventsim``: the command line."""

from eventsim.cli import main

if __name__ == "__main__":
    main()
