# Runs Ceph's own command `ceph` again and again. To load its modules, to parse the descriptions of all commands that the monitors
# have, and to compare the arguments with each of them takes the command longer than all the rest; here the modules are loaded and
# the descriptions parsed once, and each run is a fork.
#
# The argument is the path of `ceph`. A request is a message on descriptor 3: JSON with arguments and environment, and with it the
# descriptors of the run's stdin, stdout, stderr and status. The status is the run's process ID and then its exit code, a line each.

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys

import ceph_argparse

path = sys.argv[1]
parse = ceph_argparse.parse_json_funcsigs
parsed = {}  # by what was parsed
running = {}  # the process ID and the descriptor of the status, by the descriptor of the process
theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def parse_json_funcsigs(text, consumer):
    if (text, consumer) not in parsed:
        with open(os.memfd_create("descriptions"), "w") as memory:
            memory.write(text)
            memory.flush()
            socket.send_fds(ours, [consumer.encode()], [memory.fileno()])
        return parse(text, consumer)
    return parsed[text, consumer]


def learn():
    consumer, descriptors, _, _ = socket.recv_fds(theirs, 100, 1)
    with open(descriptors[0]) as memory:
        memory.seek(0)
        text = memory.read()
    if (text, consumer.decode()) not in parsed:
        parsed[text, consumer.decode()] = parse(text, consumer.decode())
        gc.freeze()


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
    pid = os.fork()
    if pid == 0:
        for standard, descriptor in enumerate((stdin, stdout, stderr)):
            os.set_blocking(descriptor, True)
            os.dup2(descriptor, standard)
        os.closerange(3, ours.fileno())
        os.closerange(ours.fileno() + 1, max(stdin, stdout, stderr, status) + 1)
        os.environ.clear()
        os.environ.update(entry.split("=", 1) for entry in request["environment"])
        sys.argv = [path, *request["arguments"]]
        try:
            exec(program, {"__name__": "__main__", "__file__": path})
        except SystemExit as end:
            # An ordinary end of the interpreter frees what the runs share, and so copies it all first.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code or 0)
        sys.exit()
    tell(status, pid)
    for descriptor in (stdin, stdout, stderr):
        os.close(descriptor)
    running[os.pidfd_open(pid)] = pid, status


def finish(process):
    pid, status = running.pop(process)
    os.close(process)
    _, result = os.waitpid(pid, 0)
    tell(status, os.waitstatus_to_exitcode(result))
    os.close(status)


def tell(status, number):
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(status, b"%d\n" % number)


with open(path) as script:
    program = compile(script.read(), path, "exec")
ceph_argparse.validate_command = validate_command
ceph_argparse.parse_json_funcsigs = parse_json_funcsigs
exec(program, {"__name__": "loaded", "__file__": path})

requests = socket.socket(fileno=3)
# A run collects no garbage, since it ends soon: to look for it would copy the memory that the runs share.
gc.disable()
gc.freeze()
while True:
    for ready in select.select([requests, theirs, *running], [], [])[0]:
        if ready is theirs:
            learn()
        elif ready in running:
            finish(ready)
        else:
            message, descriptors, _, _ = socket.recv_fds(requests, 1 << 16, 4)
            if not message:
                os.killpg(0, signal.SIGKILL)  # with the testbed's program its commands end too
            start(json.loads(message), *descriptors)
