"""`python -m tronco`: the same as the `tronco` command."""

import sys

from tronco.cli import main

sys.exit(main())
