# Runs Ceph's own command `ceph` again and again. To load its modules, and to compare the arguments with every command that the monitors
# have, takes the command longer than all the rest; here the modules are loaded once, and each run is a fork.
#
# The argument is the path of `ceph`. A request is a message on descriptor 3: JSON with arguments and environment, and with it the
# descriptors of the run's stdin, stdout, stderr and status. The status is the run's process ID and then its exit code, a line each.

import json
import os
import signal
import socket
import sys

import ceph_argparse

path = sys.argv[1]


def validate_command(sigdict, args, verbose=False, validate=ceph_argparse.validate_command):
    def fits(sig):
        for desc, word in zip(sig, args):
            if desc.t is not ceph_argparse.CephPrefix:
                return True
            if desc.instance.prefix != word:
                return False
        return True

    near = {key: command for key, command in sigdict.items() if fits(command["sig"])}
    return validate(near or sigdict, args, verbose)


def start(request, stdin, stdout, stderr, status):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        for standard, descriptor in enumerate((stdin, stdout, stderr)):
            os.set_blocking(descriptor, True)
            os.dup2(descriptor, standard)
        os.closerange(3, max(stdin, stdout, stderr, status) + 1)
        os.environ.clear()
        os.environ.update(entry.split("=", 1) for entry in request["environment"])
        sys.argv = [path, *request["arguments"]]
        exec(program, {"__name__": "__main__", "__file__": path})
        sys.exit()
    os.close(stdout)
    os.close(stderr)
    os.write(status, b"%d\n" % pid)
    _, result = os.waitpid(pid, 0)
    os.write(status, b"%d\n" % os.waitstatus_to_exitcode(result))
    os._exit(0)


with open(path) as script:
    program = compile(script.read(), path, "exec")
ceph_argparse.validate_command = validate_command
exec(program, {"__name__": "loaded", "__file__": path})

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
requests = socket.socket(fileno=3)
while True:
    message, descriptors, _, _ = socket.recv_fds(requests, 1 << 16, 4)
    if not message:
        os.killpg(0, signal.SIGKILL)  # with the testbed's program its commands end too
    if os.fork() == 0:
        start(json.loads(message), *descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
