package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// Run replaces this process by a command that finds the folder usr of programs, which Suite.Programs has made, in the place of this
// machine's, and so does whatever it starts: Ceph, libvirt, QEMU, their client libraries, and the compiler. The rest is this machine's:
// /etc, /var, /usr/local. Nobody else sees a difference. It returns only an error, and needs root.
//
// Similar to: unshare --mount; mount --rbind PROGRAMS/usr /usr; exec COMMAND.
func Run(programs string, command []string) error {
	// The new view of the files is that of one thread, which becomes the command.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("a view of the files for one process can't be made (it needs root): %w", err)
	}
	usr := filepath.Join(programs, "usr")
	for _, mount := range []struct {
		source, target string
		flags          uintptr
	}{
		{"none", "/", unix.MS_REC | unix.MS_PRIVATE},
		{"/usr/local", filepath.Join(usr, "local"), unix.MS_BIND},
		{usr, "/usr", unix.MS_BIND | unix.MS_REC},
	} {
		if err := unix.Mount(mount.source, mount.target, "", mount.flags, ""); err != nil {
			return fmt.Errorf("can't mount %s at %s: %w", mount.source, mount.target, err)
		}
	}
	path, err := lookCommand(command[0])
	if err != nil {
		return err
	}
	return unix.Exec(path, command, os.Environ())
}
