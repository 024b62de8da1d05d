package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/uuid"
)

// plainUsers are system users. Every Debian or Ubuntu has one of them with a name and a group, which libvirtd and QEMU require.
var plainUsers = []string{"nobody", "games", "mail", "daemon"}

// Hypervisor is an unprivileged libvirtd with guests, secrets and settings of its own. Guests are emulated.
type Hypervisor struct {
	Name   string
	URI    string // qemu+unix:///session?socket=…
	UUID   string // the host_uuid that its capabilities show, the same after each restart
	Socket string

	dir       string // the bed's folder
	daemon    *Daemon
	listening string // further lines of libvirtd.conf
}

func newHypervisor(dir, name string) (*Hypervisor, error) {
	h := &Hypervisor{Name: name, UUID: uuid.NewString(), dir: dir}
	h.Socket = h.path("run", "libvirt", "libvirt-sock")
	h.URI = "qemu+unix:///session?socket=" + h.Socket
	if err := h.addDaemon(); err != nil {
		return nil, err
	}
	return h, h.makeFiles()
}

// path returns a path in the hypervisor's folder.
func (h *Hypervisor) path(elements ...string) string {
	return filepath.Join(append([]string{h.dir, h.Name}, elements...)...)
}

func (h *Hypervisor) addDaemon() error {
	credential, err := plainUser()
	if err != nil {
		return err
	}
	h.daemon = &Daemon{
		Name: h.Name + "/libvirtd", dir: h.dir, home: h.path(), credential: credential,
		argv: []string{"libvirtd", "--timeout", "0", "--pid-file", h.path("run", "libvirtd.pid")},
		log:  h.path("libvirtd.out"),
		environment: []string{
			"XDG_RUNTIME_DIR=" + h.path("run"),
			"XDG_CONFIG_HOME=" + h.path("config"),
			"XDG_CACHE_HOME=" + h.path("cache"),
			"XDG_DATA_HOME=" + h.path("data"),
		},
	}
	return nil
}

func (h *Hypervisor) makeFiles() error {
	owner := h.daemon.credential
	for _, folder := range []string{"", "run", "config", "config/libvirt", "cache", "data", consoleFolder} {
		path := h.path(folder)
		mode := os.FileMode(0o755)
		if folder == "run" {
			mode = 0o700
		}
		if err := os.Mkdir(path, mode); err != nil {
			return err
		}
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	first, err := chooseMigrationPorts()
	if err != nil {
		return err
	}
	// QEMU writes its logs itself, which spares a second daemon.
	settings := fmt.Sprintf("stdio_handler = \"file\"\nmigration_port_min = %d\nmigration_port_max = %d\n",
		first, first+migrationPorts-1)
	return errors.Join(h.writeSettings(), os.WriteFile(h.path("config", "libvirt", "qemu.conf"), []byte(settings), 0o644))
}

// writeSettings writes libvirtd.conf, which libvirtd reads at its start.
func (h *Hypervisor) writeSettings() error {
	// Without host_uuid an unprivileged libvirtd takes a random one at each start.
	text := fmt.Sprintf("host_uuid = %q\nlog_outputs = \"3:stderr\"\n", h.UUID) + h.listening
	return os.WriteFile(h.path("config", "libvirt", "libvirtd.conf"), []byte(text), 0o644)
}

// Start starts the hypervisor's libvirtd and returns when it answers.
func (h *Hypervisor) Start(ctx context.Context) error {
	if err := h.daemon.Start(); err != nil {
		return err
	}
	return poll(ctx, "waiting for libvirtd of "+h.Name, func() (bool, error) {
		if err := h.daemon.failure(); err != nil {
			return false, err
		}
		// virsh is slow, so it is only started once there is a socket. A daemon that fails at its start has one for a moment too.
		_, err := os.Stat(h.Socket)
		if err == nil {
			_, err = h.Virsh(ctx, "list")
		}
		return err == nil, ctx.Err()
	})
}

// Stop ends libvirtd; guests keep running. Connections are refused then. Similar to: kill -TERM.
func (h *Hypervisor) Stop() error { return h.daemon.Stop() }

// Kill ends libvirtd as a crash would; guests keep running. Similar to: kill -KILL.
func (h *Hypervisor) Kill() error { return h.daemon.Kill() }

// Restart ends libvirtd and starts it again; guests keep running.
func (h *Hypervisor) Restart(ctx context.Context) error {
	if err := h.Stop(); err != nil {
		return err
	}
	return h.Start(ctx)
}

// Isolate restarts libvirtd, or with isolated false lets it be as before, so that neither it nor a QEMU that it starts reaches anybody over
// the network, as behind a firewall; its socket is not affected. Guests keep running, with the network that they have.
//
// Similar to: unshare --net libvirtd.
func (h *Hypervisor) Isolate(ctx context.Context, isolated bool) error {
	h.daemon.isolated = isolated
	return h.Restart(ctx)
}

// Pause stops the process of libvirtd: connections stay open, and it does not answer. Similar to: kill -STOP.
func (h *Hypervisor) Pause() error { return h.daemon.Pause() }

// Resume continues a paused libvirtd. Similar to: kill -CONT.
func (h *Hypervisor) Resume() error { return h.daemon.Resume() }

// Virsh runs the command virsh and returns its stdout. It is a second view for tests. An error holds stderr.
// Similar to: virsh -c URI ARGS.
func (h *Hypervisor) Virsh(ctx context.Context, args ...string) (string, error) {
	return h.VirshIn(ctx, "", args...)
}

// VirshIn is Virsh with text for stdin, which a command reads as the file /dev/stdin: XML, or the value of a secret.
// Similar to: virsh -c URI define /dev/stdin.
func (h *Hypervisor) VirshIn(ctx context.Context, stdin string, args ...string) (string, error) {
	output, err := invocation{
		argv: append([]string{"virsh", "--quiet", "--connect", h.URI}, args...), stdin: stdin,
		environment: baseEnvironment(h.dir, h.path(), ""),
	}.run(ctx)
	return string(output), err
}

// plainUser returns the user and group as which the hypervisors run.
func plainUser() (*syscall.Credential, error) {
	for _, name := range plainUsers {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		if _, err := user.LookupGroupId(account.Gid); err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: []uint32{}}, nil
	}
	return nil, fmt.Errorf("a plain user for the hypervisors, one of %s, with a group that resolves", strings.Join(plainUsers, ", "))
}
