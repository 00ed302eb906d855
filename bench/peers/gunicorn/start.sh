#!/bin/sh
# gunicorn of Debian. Its default worker knows no keep-alive, so threads; it closes connections after 2 s of idleness unless told otherwise.
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/gunicorn --bind "127.0.0.1:$1" --backlog 4096 --workers 2 --worker-class gthread --threads 8 --keep-alive 75 \
    --graceful-timeout 30 --worker-tmp-dir /dev/shm --chdir "$(dirname "$0")" app:app
