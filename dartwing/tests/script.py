"""A module that is run, and not imported: as scripts without a guard are."""

import sys

sys.exit("this is a script")
