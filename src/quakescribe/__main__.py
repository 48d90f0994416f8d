"""Entry point of the command ``quakescribe``: exit 0 done, 1 a mistake or bad input, 2 wrong usage, 130 interrupted."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    from quakescribe.cli.app import app
    from quakescribe.errors import QuakescribeError

    try:
        app()
    except SystemExit as leave:  # typer makes one of every end, of an interrupt too
        if leave.code == INTERRUPTED:
            _say("interrupted; run the same command again to go on")
        raise
    except QuakescribeError as error:
        _say(str(error))
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _say(f"{error.filename}: {error.strerror}" if error.filename is not None else str(error))
        sys.exit(1)


def _say(text: str) -> None:
    sys.stderr.write(f"quakescribe: {text}\n")


if __name__ == "__main__":
    main()
