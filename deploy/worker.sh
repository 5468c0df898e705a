#!/bin/sh
# What nobody waits for: the queue's own process.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH" # the container has no .venv; its own python is found
python manage.py upgrade
exec python manage.py qcluster
