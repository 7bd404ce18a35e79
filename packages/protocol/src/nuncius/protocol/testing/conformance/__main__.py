"""Run the suite: ``python -m nuncius.protocol.testing.conformance --kernel NAME``."""

import logging
import sys

from nuncius.protocol.testing.conformance.runner import main

# The manager would explain each end of a kernel; here that is part of the plan.
logging.getLogger("nuncius").setLevel(logging.CRITICAL)
sys.exit(main())
