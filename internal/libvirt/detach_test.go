package libvirt

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Procedures of libvirt's remote protocol that a detach needs.
const (
	procDomainXML        = 14
	procDomainLookupUUID = 24
	procDomainPersistent = 151
	procGetState         = 212
	procEventRegister    = 316
	procDetachAlias      = 392
)

// testDeadline is a context whose deadline passes when the test says so.
type testDeadline struct {
	context.Context
	ended chan struct{}
}

func (p testDeadline) Done() <-chan struct{} { return p.ended }

func (p testDeadline) Err() error {
	select {
	case <-p.ended:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// withDisk lets the daemon have one running, transient domain with a disk.
func withDisk(t *testing.T, d *fakeDaemon) {
	t.Helper()
	disk, err := diskFrom(t).Element()
	expect.NoError(t, err)
	d.on(procDomainLookupUUID, func(int) ([]byte, uint32, bool) {
		return append(append(xdrString("guest"), make([]byte, 16)...), xdrWord(1)...), 0, true
	})
	d.on(procDomainPersistent, func(int) ([]byte, uint32, bool) { return xdrWord(0), 0, true })
	d.on(procDomainXML, func(int) ([]byte, uint32, bool) {
		return xdrString("<domain type='qemu' id='1'><name>guest</name><devices>" + disk + "</devices></domain>"), 0, true
	})
	d.on(procEventRegister, func(call int) ([]byte, uint32, bool) { return xdrWord(uint32(call)), 0, true })
}

// A domain that is started while its saved definition loses the disk has the disk, and gives it up too.
func TestADetachFromADomainThatIsBeingStarted(t *testing.T) {
	d := newFakeDaemon(t)
	withDisk(t, d)
	disk := diskFrom(t)
	element, err := disk.Element()
	expect.NoError(t, err)
	var started, removed atomic.Bool
	d.on(procDomainPersistent, func(int) ([]byte, uint32, bool) { return xdrWord(1), 0, true })
	d.on(procDetachFlags, func(int) ([]byte, uint32, bool) { started.Store(true); return nil, 0, true })
	d.on(procDetachAlias, func(int) ([]byte, uint32, bool) { removed.Store(true); return nil, uint32(rpc.ErrDeviceMissing), true })
	d.on(procDomainXML, func(int) ([]byte, uint32, bool) {
		number, devices := "", element
		if started.Load() {
			number = " id='1'"
		}
		if removed.Load() {
			devices = ""
		}
		return xdrString("<domain type='qemu'" + number + "><name>guest</name><devices>" + devices + "</devices></domain>"), 0, true
	})
	h := host(t, Config{URI: d.uri()})
	_, err = h.DetachDisks(t.Context(), Domain{UUID: fakeHostUUID, Name: "guest", Persistent: true}, Disks{Saved: &disk})
	expect.NoError(t, err)
	if !removed.Load() {
		t.Error("the running guest has kept the disk")
	}
}

// A detach that comes to nothing says why: the guest was never asked, it keeps the disk, or somebody pressed Ctrl-C.
func TestWhyADiskWasNotDetached(t *testing.T) {
	held := func(int) ([]byte, uint32, bool) { return nil, 68, true }
	taken := func(int) ([]byte, uint32, bool) { return nil, 0, true }
	slow := func(words string) func(int) ([]byte, uint32, bool) {
		return func(int) ([]byte, uint32, bool) {
			return []byte("internal error: unable to execute QEMU command 'device_del': " + words), 1, true
		}
	}
	heldOnce := func(attempt int) ([]byte, uint32, bool) { return nil, 68, attempt == 1 }
	for name, c := range map[string]struct {
		answer    func(int) ([]byte, uint32, bool)
		cancelled bool
		kind      problem.Kind
		words     []string
	}{
		"held by another job until the deadline": {held, false, problem.Busy, []string{"Another call holds the domain", "libvirt error 68"}},
		"kept by the guest until the deadline":   {taken, false, problem.Busy, []string{"did not let go of the disk in time"}},
		"cancelled": {
			taken, true, problem.Unreachable, []string{"The operation was cancelled", "isn't known whether it took effect"},
		},
		"cancelled, held by another job": {held, true, problem.Busy, []string{"Another call holds the domain"}},
		"cancelled while it is asked again": {
			heldOnce, true, problem.Unreachable, []string{"The operation was cancelled", "isn't known whether it took effect"},
		},
		"asked before, and slow": {
			slow("Device ua-1 is already in the process of unplug"), false, problem.Busy,
			[]string{"did not let go of the disk in time", "in the process of unplug"},
		},
		"asked before, and slow, on pseries": {
			slow("PCI device unplug already in progress for device ua-1"), false, problem.Busy, []string{"did not let go of the disk in time"},
		},
		"busy with the plug": {
			slow("Hot-unplug failed: guest is busy (power indicator blinking)"), false, problem.Busy,
			[]string{"did not let go of the disk in time", "guest is busy"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newFakeDaemon(t)
			withDisk(t, d)
			d.on(procDetachAlias, c.answer)
			log := &expect.Log{}
			h := host(t, Config{Label: "kvm1", URI: d.uri(), Log: log})
			deadline := testDeadline{t.Context(), make(chan struct{})}
			var ctx context.Context = deadline
			end := func() { close(deadline.ended) }
			if c.cancelled {
				ctx, end = context.WithCancel(t.Context())
			}
			result := make(chan error, 1)
			go func() { result <- h.DetachDisk(ctx, fakeHostUUID, diskFrom(t), Live) }()
			// The look after the first answer shows that it came; a domain that is held is asked again.
			expect.Eventually(t, "the answer to the request", func() bool {
				_, _, answered := c.answer(2)
				return d.called(procDetachAlias) > 1 && (!answered || isLogged(log.Changes(), "hypervisor kvm1: DomainDetach", ", attempt 2)")) ||
					d.called(procDomainXML) > 1
			})
			end()
			expect.Problem(t, expect.Return(t, func() error { return <-result }), c.kind, c.words...)
		})
	}
}

// Any reply but that of a guest that is slow ends the detach at once, and no request is left with the guest.
func TestADetachThatIsRefusedAtOnce(t *testing.T) {
	for message, words := range map[string]string{
		"operation failed: cannot hot unplug disk device with PCI guest address: 0000:01:00.0 not allowed by controller": "no hot-unplug",
		"operation failed: something new": "something new",
	} {
		d := newFakeDaemon(t)
		withDisk(t, d)
		d.on(procDetachAlias, func(int) ([]byte, uint32, bool) { return []byte(message), uint32(rpc.ErrOperationFailed), true })
		err := expect.Return(t, func() error {
			return host(t, Config{URI: d.uri()}).DetachDisk(t.Context(), fakeHostUUID, diskFrom(t), Live)
		})
		if err == nil || !strings.Contains(err.Error(), words) || errors.As(err, new(*removalAsked)) || d.called(procDetachAlias) != 1 {
			t.Errorf("%s: %v, after %d requests", message, err, d.called(procDetachAlias))
		}
	}
}

// A guest that can't answer is told by its state, with what makes it go on.
func TestWhyAGuestKeepsItsDisk(t *testing.T) {
	for state, words := range map[rpc.DomainState][]string{
		rpc.DomainRunning:     {"still booting"},
		rpc.DomainPaused:      {"it is paused", "virsh resume guest"},
		rpc.DomainPmsuspended: {"pmsuspended", "virsh dompmwakeup guest"},
	} {
		d := newFakeDaemon(t)
		d.on(procGetState, func(int) ([]byte, uint32, bool) { return append(xdrWord(uint32(state)), xdrWord(0)...), 0, true })
		h := host(t, Config{Label: "kvm1", URI: d.uri()})
		err := h.guestKeepsDisk(t.Context(), operation{doing: "detach disk vdb"}, rpc.Domain{Name: "guest"}, 0, nil)
		expect.Problem(t, err, problem.Busy, words...)
	}
}

// A guest that was asked before the daemon was lost may still give the disk up, and the error tells that.
func TestDetachAskedBeforeTheDaemonIsLost(t *testing.T) {
	d := newFakeDaemon(t)
	withDisk(t, d)
	d.on(procDetachAlias, func(int) ([]byte, uint32, bool) { return nil, 0, true })
	h := host(t, Config{URI: d.uri()})
	result := make(chan error, 1)
	go func() { result <- h.DetachDisk(t.Context(), fakeHostUUID, diskFrom(t), Live) }()
	expect.Eventually(t, "a look after the request", func() bool { return d.called(procDetachAlias) > 0 && d.called(procDomainXML) > 1 })
	expect.NoError(t, d.listener.Close())
	d.dropAll()
	err := expect.Return(t, func() error { return <-result })
	expect.Problem(t, err, problem.Unreachable)
	if !errors.As(err, new(*removalAsked)) {
		t.Errorf("not told that the guest was asked: %v", err)
	}
}

// A request that was lost behind the daemon that answers is made again, on a connection of its own.
func TestDetachAskedAgainOnANewConnection(t *testing.T) {
	d := losing(t, procDetachAlias, "End of file while reading data: Input/output error")
	withDisk(t, d)
	element, err := diskFrom(t).Element()
	expect.NoError(t, err)
	var removed atomic.Bool
	d.on(procDetachAlias, func(int) ([]byte, uint32, bool) { removed.Store(true); return nil, 0, true })
	d.on(procDomainXML, func(int) ([]byte, uint32, bool) {
		devices := element
		if removed.Load() {
			devices = ""
		}
		return xdrString("<domain type='qemu' id='1'><name>guest</name><devices>" + devices + "</devices></domain>"), 0, true
	})
	h := host(t, Config{URI: d.uri()})
	expect.NoError(t, expect.Return(t, func() error { return h.DetachDisk(t.Context(), fakeHostUUID, diskFrom(t), Live) }))
	if asked, opened := d.called(procDetachAlias), d.called(procConnectOpen); asked != 2 || opened != 2 {
		t.Errorf("asked %d times on %d connections", asked, opened)
	}
}

// What is added to an error is no part of the one that somebody else may hold.
func TestDetachedSavedCopies(t *testing.T) {
	first := &problem.Problem{What: "Could not detach.", Do: "Resume it."}
	told := detachedSaved(first, "vdb")
	if first.Do != "Resume it." || !strings.Contains(told.Error(), "To keep the disk") || detachedSaved(nil, "vdb") != nil {
		t.Errorf("%v; %v", first, told)
	}
}
