#!/bin/sh
# HAProxy of Debian as master and worker; the worker answers itself.
sed -e "s|@PORT@|$1|g" -e "s|@DIR@|$2|g" "$(dirname "$0")/haproxy.cfg" > "$2/haproxy.cfg"
exec /usr/sbin/haproxy -W -f "$2/haproxy.cfg"
