#!/bin/sh
# Tonight's backup, from cron: `deploy/backup.sh [FOLDER]`. Keeps 7 days, the Mondays of 4 weeks, the firsts of 12 months; nothing
# is removed where tonight's was not made.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
folder=${1:-var/backups}
python manage.py seal_history || true # it says why; the backup is made all the same
python manage.py backup "$folder/kotaku-$(date +%F).zip"
today=$(date -d "$(date +%F)" +%s)
for file in "$folder"/kotaku-????-??-??.zip; do
  day=$(basename "$file" .zip)
  day=${day#kotaku-}
  age=$(((today - $(date -d "$day" +%s)) / 86400))
  if [ "$age" -lt 7 ]; then continue; fi
  if [ "$age" -lt 28 ] && [ "$(date -d "$day" +%u)" = 1 ]; then continue; fi
  if [ "$age" -lt 366 ] && [ "${day##*-}" = 01 ]; then continue; fi
  rm -- "$file"
done
