#!/bin/sh
# What nobody waits for. With a task queue installed it is the queue's own process; without one, the hourly commands.
set -eu
python manage.py upgrade
if python manage.py help qcluster >/dev/null 2>&1; then
  exec python manage.py qcluster
fi
while :; do
  python manage.py issue_papers || true
  python manage.py seal_history || true
  sleep 3600 & wait $!
done
