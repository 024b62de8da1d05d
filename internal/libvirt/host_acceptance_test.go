package libvirt

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

func TestAccHostname(t *testing.T) {
	bed := realDaemons(t)
	told := strings.TrimSpace(expect.Value(bed.Hypervisor("kvm1").Virsh(t.Context(), "hostname"))(t))
	if name := expect.Value(kvm(t, bed, "kvm1", Config{}).Hostname(t.Context()))(t); name != told || name == "" {
		t.Errorf("got %q, and virsh says %q", name, told)
	}
}
