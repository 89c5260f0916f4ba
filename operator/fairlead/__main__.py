"""`python -m fairlead`: the same door as the `fairlead` command."""

from fairlead.cli.main import main

raise SystemExit(main())
