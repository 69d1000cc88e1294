#!/bin/sh
# Physical copies of the one PostgreSQL, Temporal's databases and ours together, and back to any instant (docs/backup.md).
#
#   backup.sh archive FILE NAME    what PostgreSQL runs for every piece of its log (archive_command)
#   backup.sh base                 a new whole copy, while everything works
#   backup.sh restore DATA WHEN    makes DATA the state of WHEN, from the newest copy made before it; PostgreSQL is stopped
#   backup.sh prune DAYS           removes copies older than that, but never the newest, and the log that only they need
#
# BACKUP_FOLDER is on another machine's disk. `base` connects as PGHOST, PGPORT, PGUSER say.
set -eu
umask 077
folder=${BACKUP_FOLDER:?where the copies lie}

newest_before() {
    # Names are UTC instants, so the order of the names is that of time; a copy counts from when it was finished.
    find "$folder/base" -mindepth 2 -maxdepth 2 -name finished -exec sh -c 'echo "$(cat "$1") ${1%/finished}"' _ {} \; |
        sort | awk -v when="$1" '$1 <= when { found = $2 } END { print found }'
}

case ${1:-} in
archive)
    # Never over one that is there; and whole or not at all, on the disk when PostgreSQL is told so.
    mkdir -p "$folder/wal"
    if [ -e "$folder/wal/$3" ]; then
        cmp -s "$2" "$folder/wal/$3"
        exit
    fi
    cp "$2" "$folder/wal/$3.part"
    sync "$folder/wal/$3.part"
    mv "$folder/wal/$3.part" "$folder/wal/$3"
    ;;
base)
    copy=$folder/base/$(date -u +%Y%m%dT%H%M%SZ)
    mkdir -p "$folder/base"
    pg_basebackup --pgdata="$copy" --checkpoint=fast --wal-method=none --no-password
    date -u +%Y%m%dT%H%M%SZ >"$copy/finished"
    echo "$copy"
    ;;
restore)
    data=$2 when=$3
    [ ! -e "$data/postmaster.pid" ] || { echo "PostgreSQL still runs on $data, or ended badly" >&2; exit 1; }
    copy=$(newest_before "$(date -u -d "$when" +%Y%m%dT%H%M%SZ)")
    [ -n "$copy" ] || { echo "no copy was finished before $when" >&2; exit 1; }
    # What is there is kept aside: it may hold the last piece of the log, and somebody may want it after all.
    aside=$data.before-$(date -u +%Y%m%dT%H%M%SZ)
    [ ! -e "$data" ] || mv "$data" "$aside"
    cp -R "$copy" "$data"
    rm -f "$data/finished"
    # The piece of the log in which it stopped was not archived yet.
    [ ! -d "$aside/pg_wal" ] || find "$aside/pg_wal" -maxdepth 1 -type f -exec cp {} "$data/pg_wal/" \;
    cat >>"$data/postgresql.auto.conf" <<CONF
restore_command = 'cp "$folder/wal/%f" "%p"'
recovery_target_time = '$when'
recovery_target_action = 'promote'
CONF
    touch "$data/recovery.signal"
    chmod 700 "$data"
    echo "$copy"
    ;;
prune)
    newest=$(find "$folder/base" -mindepth 2 -maxdepth 2 -name finished | sort | tail -1)
    find "$folder/base" -mindepth 2 -maxdepth 2 -name finished -mtime "+$2" | sort | while read -r finished; do
        [ "$finished" = "$newest" ] || rm -rf "${finished%/finished}"
    done
    # What was broken off never gets finished, and would keep the log for ever.
    find "$folder/base" -mindepth 1 -maxdepth 1 -type d -mtime "+$2" | while read -r copy; do
        [ -e "$copy/finished" ] || rm -rf "$copy"
    done
    oldest=$(find "$folder/base" -mindepth 2 -maxdepth 2 -name backup_label | sort | head -1)
    [ -z "$oldest" ] ||
        pg_archivecleanup "$folder/wal" "$(sed -n 's/^START WAL LOCATION.*file \([0-9A-F]*\).*/\1/p' "$oldest")"
    ;;
*)
    sed -n '2,8p' "$0" >&2
    exit 2
    ;;
esac
