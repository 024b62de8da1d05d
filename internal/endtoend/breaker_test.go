//go:build cgo

package endtoend_test

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// deafDaemon stands before a hypervisor's daemon and counts who connects. It never answers the first ones, and leads others on.
type deafDaemon struct {
	listener net.Listener
	socket   string
	dialled  atomic.Int32
	deaf     atomic.Int32 // how many connections, from the first one, get no answer
}

func newDeafDaemon(t *testing.T, hypervisor string) *deafDaemon {
	t.Helper()
	d := &deafDaemon{socket: acctest.Bed(t).Hypervisor(hypervisor).Socket}
	var err error
	if d.listener, err = net.Listen("unix", filepath.Join(t.TempDir(), "sock")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.listener.Close() })
	go d.serve()
	return d
}

func (d *deafDaemon) uri() string { return "qemu+unix:///session?socket=" + d.listener.Addr().String() }

func (d *deafDaemon) serve() {
	for {
		client, err := d.listener.Accept()
		if err != nil {
			return
		}
		deaf := d.dialled.Add(1) <= d.deaf.Load()
		go func() {
			defer func() { _ = client.Close() }()
			if deaf {
				_, _ = io.Copy(io.Discard, client)
				return
			}
			daemon, err := net.Dial("unix", d.socket)
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(client, daemon) }()
			_, _ = io.Copy(daemon, client)
			_ = daemon.Close()
		}()
	}
}

// expect sets how many connections the next command finds deaf, and returns the check of how many it makes.
func (d *deafDaemon) expect(t *testing.T, deaf, dialled int32) (check func(command string)) {
	t.Helper()
	d.dialled.Store(0)
	d.deaf.Store(deaf)
	return func(command string) {
		t.Helper()
		if n := d.dialled.Load(); n != dialled {
			t.Errorf("%s dialled %d times, not %d", command, n, dialled)
		}
	}
}

// A hypervisor that does not answer is dialled once in a plan, however many resources are there. In an apply each deletion dials again,
// until one succeeds, for all.
func TestAccDialsOfAHypervisorThatDoesNotAnswer(t *testing.T) {
	daemon := newDeafDaemon(t, "kvm1")
	var resources strings.Builder
	const count = 5
	for i := range count {
		fmt.Fprintf(&resources, "resource \"libvirt_ceph_secret\" \"s%d\" {\n  provider = ceph\n  usage_name = \"dialled-%d\"\n  key = %q\n}\n",
			i, i, "AQABAgMEBQYHCBAADQ4PEBESExQVFhcYGRobHA==")
	}
	block := func(limit string) string {
		return fmt.Sprintf("terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\nprovider \"ceph\" {\n "+
			" hypervisors = {\n    kvm1 = { uri = %q, connect_timeout = %q }\n  }\n}\n", daemon.uri(), limit)
	}
	w := acctest.NewWorkspaceOf(t, block(defaultLimit)+resources.String())
	check := daemon.expect(t, 0, 2)
	w.Apply(t)
	check("apply, which is a plan and an apply,")

	says := []string{"Unable to read libvirt secret", `hypervisor "kvm1"`}
	w.Write(t, block(shortLimit)+resources.String())
	check = daemon.expect(t, count, 1)
	expectRefused(t, w, says, "plan", "-parallelism=1")
	check("plan")

	// Nobody is asked for the plan: what is destroyed without a refresh needs none.
	says = []string{"Unable to delete libvirt secret", `hypervisor "kvm1"`}
	check = daemon.expect(t, count, count)
	expectRefused(t, w, says, "destroy", "-auto-approve", "-refresh=false", "-parallelism=1")
	check("destroy")
	const failures = 2
	w.Write(t, block("10s")+resources.String()) // the daemon answers in the end
	check = daemon.expect(t, failures, failures+1)
	out, err := w.Try(t, "destroy", "-auto-approve", "-refresh=false", "-parallelism=1", "-input=false")
	check("destroy, until the daemon answers,")
	if n := strings.Count(acctest.Virsh(t, "kvm1", "secret-list"), "dialled-"); err == nil || n != failures {
		t.Errorf("%d secrets are left, %v:\n%s", n, err, out)
	}
	w.Write(t, block(defaultLimit)+resources.String())
	check = daemon.expect(t, 0, 2)
	w.Destroy(t)
	check("the last destroy")
}
