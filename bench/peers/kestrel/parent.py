"""Holds a listening socket and runs a command on it, as a systemd socket unit does: parent.py PORT COMMAND...

SIGHUP restarts the command as `systemctl restart` does: SIGTERM, wait for the end, start. Connections wait in the socket's queue meanwhile.
"""
import os
import signal
import socket
import sys

SIGNALS = {signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


def start(listener, command):
    pid = os.fork()
    if pid == 0:
        os.dup2(listener.fileno(), 3)  # where sd_listen_fds(3) begins
        os.set_inheritable(3, True)  # if it was 3 already, dup2 has not done it
        os.environ["LISTEN_FDS"] = "1"
        os.environ["LISTEN_PID"] = str(os.getpid())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        os.execv(command[0], command)
    return pid


def stop(pid):
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    while signal.SIGCHLD in signal.sigpending():
        signal.sigwait({signal.SIGCHLD})  # that end was asked for


def main():
    port, command = int(sys.argv[1]), sys.argv[2:]
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    with socket.create_server(("127.0.0.1", port), backlog=4096) as listener:
        pid = start(listener, command)
        while (caught := signal.sigwait(SIGNALS)) == signal.SIGHUP:
            stop(pid)
            pid = start(listener, command)
        if caught == signal.SIGCHLD:
            sys.exit(f"{command[0]} ended untold")
        stop(pid)


main()
