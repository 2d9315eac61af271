// Ends in its init.

process.exit(4);
