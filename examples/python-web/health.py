"""What HEALTHCHECK runs: Python is here anyway, curl would be one package more."""

import os
import urllib.request

# urlopen() raises on a refused connection, on a time-out and on any answer of 400 and more.
with urllib.request.urlopen(f"http://127.0.0.1:{os.environ['PORT']}/health", timeout=2) as answer:
    print(answer.read().decode().strip())
