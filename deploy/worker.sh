#!/bin/sh
# What nobody waits for: the queue's own process.
set -eu
python manage.py upgrade
exec python manage.py qcluster
