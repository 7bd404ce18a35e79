"""Run the suite: ``python -m nuncius.protocol.testing.conformance --kernel NAME``."""

import sys

from nuncius.protocol.testing.conformance.runner import main

sys.exit(main())
