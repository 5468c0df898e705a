#!/bin/sh
# Brings the database to this version, one process at a time, then serves.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH" # the container has no .venv; its own python is found
python manage.py upgrade
# Behind a proxy that buffers, plain workers answer best; each asks the database over a connection of its own. Addresses stand
# in the proxy's log, which leaves out those that are keys.
exec gunicorn kotaku.wsgi --bind "${BIND:-0.0.0.0}:${PORT:-8000}" --workers "${WEB_WORKERS:-3}" --timeout 120 --graceful-timeout 30 \
  --max-requests 2000 --max-requests-jitter 200 --worker-tmp-dir /tmp --no-control-socket --forwarded-allow-ips '*' \
  --access-logfile - --access-logformat '%(t)s %(s)s %(m)s %(b)s %(M)s ms'
