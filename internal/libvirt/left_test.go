package libvirt

import (
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// A connection that was used and closed, and one that could not be made, leave nothing behind.
func TestNothingIsLeftOfConnections(t *testing.T) {
	bed := realDaemons(t)
	for name, uri := range map[string]string{"closed": bed.Hypervisor("kvm1").URI, "refused": "qemu+unix:///session?socket=/nowhere/sock"} {
		t.Run(name, func(t *testing.T) {
			expect.NothingLeft(t, func() {
				h, err := NewHost(Config{Label: "kvm1", URI: uri})
				if err != nil {
					t.Fatal(err)
				}
				defer h.Close()
				if _, err := h.Domains(t.Context()); (err == nil) != (name == "closed") {
					t.Fatal(err)
				}
			})
		})
	}
}
