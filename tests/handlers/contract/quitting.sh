# Ends in its init.

exit 4
