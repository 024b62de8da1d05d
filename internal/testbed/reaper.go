package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// reaperVariable is the variable by which a program starts as the reaper of a daemon, and holds the daemon's name. The arguments are the
// user, the group and the daemon's command line.
//
// The reaper is the parent of a daemon whose children outlive it: libvirtd, whose children are QEMU processes. Without it they would
// become children of process 1, which in a container or a small virtual machine may take seconds to notice that one has ended, and
// libvirt waits for that whenever it destroys a guest. The reaper ends after the last of them, so guests survive the end of libvirtd.
const reaperVariable = "CEPH_TESTBED_REAPER"

// init makes the program the reaper before anything else of it runs.
func init() {
	if name := os.Getenv(reaperVariable); name != "" {
		os.Exit(reap(name, os.Args[1:]))
	}
}

// underReaper returns a command that starts the daemon under a reaper. The reaper stays root, since a plain user may not be able to
// read its program.
func (d *Daemon) underReaper() *exec.Cmd {
	command := exec.Command("/proc/self/exe")
	command.Args = append([]string{
		"testbed-reaper", strconv.Itoa(int(d.credential.Uid)), strconv.Itoa(int(d.credential.Gid)),
	}, d.argv...)
	// Without processVariable the reaper is a process of the bed, and nobody takes it for the daemon.
	command.Env = append(baseEnvironment(d.dir, d.home, ""), reaperVariable+"="+d.Name)
	command.Env = append(command.Env, d.environment...)
	if programs := os.Getenv(programsVariable); programs != "" {
		command.Env = append(command.Env, programsVariable+"="+programs)
	}
	return command
}

// reap runs the daemon, and waits for it and for all children that it leaves behind.
func reap(name string, args []string) int {
	if err := startReaped(name, args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for {
		_, err := syscall.Wait4(-1, nil, 0, nil)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return 0 // no child is left
		}
	}
}

func startReaped(name string, args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("%s can't be started: a user, a group and a command are needed, not %q", name, args)
	}
	uid, uidErr := strconv.ParseUint(args[0], 10, 32)
	gid, gidErr := strconv.ParseUint(args[1], 10, 32)
	if err := errors.Join(uidErr, gidErr, adoptOrphans(), os.Unsetenv(reaperVariable), os.Setenv(processVariable, name)); err != nil {
		return err
	}
	credential, argv := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: []uint32{}}, args[2:]
	if os.Getenv(programsVariable) != "" {
		// Only root can put another release in the place of this one.
		credential, argv = nil, append([]string{"setpriv", "--reuid", args[0], "--regid", args[1], "--clear-groups", "--"}, argv...)
	}
	environment := slices.DeleteFunc(os.Environ(), func(line string) bool { return strings.HasPrefix(line, programsVariable+"=") })
	daemon, err := programCommand(context.Background(), argv, environment)
	if err != nil {
		return err
	}
	daemon.Dir = "/"
	daemon.Stdout, daemon.Stderr = os.Stdout, os.Stderr
	daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: credential}
	return daemon.Start()
}
