"""`python -m deploy.images.health PORT`: whether this container's /health/ready answers 200. Standard library only."""

import sys
import urllib.request


def ready(port: int) -> bool:
    """One attempt, at most four seconds."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=4) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not ready(int(sys.argv[1])))
