"""Entry point of the command ``quakescribe``: exit 0 done, 1 a mistake or bad input, 2 wrong usage, 130 interrupted."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    from quakescribe.cli.app import app
    from quakescribe.errors import QuakescribeError

    try:
        app()
    except QuakescribeError as error:
        sys.stderr.write(f"quakescribe: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("quakescribe: interrupted; run the same command again to go on\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    main()
