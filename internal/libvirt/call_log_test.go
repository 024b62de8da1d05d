package libvirt

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// logLines is a sink that keeps the messages, changes and reads apart.
type logLines struct {
	mu             sync.Mutex
	changes, reads []string
}

func (l *logLines) Enabled(context.Context, bool) bool { return true }

func (l *logLines) Write(_ context.Context, change bool, message string, _ map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if change {
		l.changes = append(l.changes, message)
	} else {
		l.reads = append(l.reads, message)
	}
}

// has tells whether a line of that kind begins so and ends so.
func (l *logLines) has(lines *[]string, beginning, end string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(*lines, func(line string) bool {
		return strings.HasPrefix(line, beginning) && strings.HasSuffix(line, end)
	})
}

// A detach tells the connection, each read, each request with its refusal and its attempt, and that it waits for the guest.
func TestDetachIsLogged(t *testing.T) {
	for name, row := range map[string]struct {
		answer         func(int) ([]byte, uint32, bool)
		beginning, end string
	}{
		"the guest keeps the disk": {
			func(int) ([]byte, uint32, bool) { return nil, 0, true },
			"hypervisor kvm1: waits for the guest to give a disk up domain=guest target=vdb (since ", ")",
		},
		"another job holds the domain": {
			func(int) ([]byte, uint32, bool) { return nil, 68, true },
			"hypervisor kvm1: DomainDetachDeviceAlias domain=guest target=vdb (libvirt error 68, ", ", attempt 2)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newFakeDaemon(t)
			withDisk(t, d)
			d.on(procDetachAlias, row.answer)
			lines := &logLines{}
			h := host(t, Config{Label: "kvm1", URI: d.uri(), Log: lines})
			ctx, end := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() { result <- h.DetachDisk(ctx, fakeHostUUID, diskFrom(t), Live) }()
			expect.Eventually(t, row.beginning, func() bool { return lines.has(&lines.changes, row.beginning, row.end) })
			end()
			if err := <-result; err == nil {
				t.Error("the disk counts as detached")
			}
			for _, change := range []string{"hypervisor kvm1: connect (", "hypervisor kvm1: DomainDetachDeviceAlias domain=guest target=vdb ("} {
				if !lines.has(&lines.changes, change, ")") {
					t.Errorf("no change %q in %q", change, lines.changes)
				}
			}
			if read := "hypervisor kvm1: DomainGetXMLDesc domain=guest ("; !lines.has(&lines.reads, read, ")") {
				t.Errorf("no read %q in %q", read, lines.reads)
			}
		})
	}
}
