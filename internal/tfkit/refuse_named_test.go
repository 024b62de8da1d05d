package tfkit

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// A warning names each hypervisor that was not searched: one that doesn't answer, and one whose settings are known only after apply.
func TestRefuseNamedImage_hypervisorNotSearched(t *testing.T) {
	unanswered, err := libvirt.NewHost(libvirt.Config{Label: "kvm1", URI: "qemu+unix:///system?socket=" + t.TempDir() + "/nosuch"})
	if err != nil {
		t.Fatal(err)
	}
	for words, prepare := range map[string]func(*Entries[*libvirt.Host]){
		`whether a domain on hypervisor "kvm1" names Image vms/b1`: func(e *Entries[*libvirt.Host]) { e.Add("kvm1", unanswered) },
		`whether a domain on hypervisor "kvm2", "kvm3" names Image vms/b1`: func(e *Entries[*libvirt.Host]) {
			e.AddUnknown("kvm3")
			e.AddUnknown("kvm2")
		},
		`whether a domain on the hypervisors names Image vms/b1`: func(e *Entries[*libvirt.Host]) { e.SetUnknown() },
		``: func(*Entries[*libvirt.Host]) {},
	} {
		c := NewConnections()
		prepare(c.Hypervisors)
		var diags diag.Diagnostics
		err := c.RefuseNamedImage(t.Context(), ceph.NewCluster(ceph.Config{Label: "east"}, nil), ceph.ImageRef{Pool: "vms", Name: "b1"}, &diags)
		if err != nil || diags.HasError() || (len(diags) == 0) != (words == "") {
			t.Errorf("%s: %v, %v", words, err, diags)
			continue
		}
		if words != "" && (diags[0].Summary() != "Hypervisor not searched" || !strings.Contains(diags[0].Detail(), words)) {
			t.Errorf("%s: %v", words, diags[0])
		}
	}
}
