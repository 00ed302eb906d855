#!/bin/sh
# nginx of Debian, in front of nothing: it answers itself. Its paths are put where it may write.
sed -e "s|@PORT@|$1|g" -e "s|@DIR@|$2|g" "$(dirname "$0")/nginx.conf" > "$2/nginx.conf"
/usr/sbin/nginx -p "$2" -c "$2/nginx.conf" -e "$2/error.log" &
# nginx ignores USR2 while the parent that it started with lives, as the new one of an upgrade must; so this one leaves once it has started.
while [ ! -s "$2/pid" ]; do
    kill -0 $! || exit 1
    sleep 0.05
done
