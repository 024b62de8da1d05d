package libvirt

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// isLogged tells whether a line begins so and ends so.
func isLogged(lines []string, beginning, end string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
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
			log := &expect.Log{}
			h := host(t, Config{Label: "kvm1", URI: d.uri(), Log: log})
			ctx, end := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() { result <- h.DetachDisk(ctx, fakeHostUUID, diskFrom(t), Live) }()
			expect.Eventually(t, row.beginning, func() bool { return isLogged(log.Changes(), row.beginning, row.end) })
			end()
			if err := <-result; err == nil {
				t.Error("the disk counts as detached")
			}
			for _, change := range []string{"hypervisor kvm1: connect (", "hypervisor kvm1: DomainDetachDeviceAlias domain=guest target=vdb ("} {
				if !isLogged(log.Changes(), change, ")") {
					t.Errorf("no change %q in %q", change, log.Changes())
				}
			}
			if read := "hypervisor kvm1: DomainGetXMLDesc domain=guest ("; !isLogged(log.Reads(), read, ")") {
				t.Errorf("no read %q in %q", read, log.Reads())
			}
		})
	}
}
