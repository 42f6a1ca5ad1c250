"""`python -m linreg_fast`: the command line."""

import sys

from linreg_fast.cli import main

sys.exit(main())
