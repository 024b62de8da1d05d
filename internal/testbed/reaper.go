package testbed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// The reaper is a parent for one daemon whose children outlive it: libvirtd's QEMU. An orphan goes to process 1 otherwise,
// which in a container or a small virtual machine may take seconds to notice its end, and libvirt waits for that with each
// guest it destroys. The reaper lives as long as one of them, so guests survive the end of their libvirtd.
//
// Its variable holds the daemon's name; its arguments are the user, the group and the daemon's command line.
const reaperVariable = "CEPH_TESTBED_REAPER"

// init turns the program into the reaper, as it does for the keeper.
func init() {
	if name := os.Getenv(reaperVariable); name != "" {
		os.Exit(reap(name, os.Args[1:]))
	}
}

// underReaper makes a command that starts the daemon under a reaper. The reaper stays root, since the program may lie where
// a plain user can't read it.
func (d *Daemon) underReaper(path string) *exec.Cmd {
	command := exec.Command("/proc/self/exe")
	command.Args = append([]string{
		"testbed-reaper", strconv.Itoa(int(d.credential.Uid)), strconv.Itoa(int(d.credential.Gid)), path,
	}, d.argv[1:]...)
	// Without the daemon's name in its own variable it is a process of the bed, but not taken for the daemon.
	command.Env = append(baseEnvironment(d.dir, d.home, ""), reaperVariable+"="+d.Name)
	command.Env = append(command.Env, d.environment...)
	return command
}

// reap runs the daemon and waits for it and for all that it leaves behind.
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
	daemon := exec.Command(args[2], args[3:]...)
	daemon.Dir = "/"
	daemon.Stdout, daemon.Stderr = os.Stdout, os.Stderr
	daemon.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: []uint32{}},
	}
	return daemon.Start()
}
