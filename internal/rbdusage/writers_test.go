package rbdusage

import (
	"errors"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Who had the image open in the moment of the attach is named, and what became of the disk.
func TestOpenedMeanwhile(t *testing.T) {
	host, err := libvirt.NewHost(libvirt.Config{Label: "kvm1", URI: "qemu:///system"})
	if err != nil {
		t.Fatal(err)
	}
	a := Access{
		Host: host, Cluster: ceph.NewCluster(ceph.Config{Label: "east"}, nil),
		Disk: libvirt.Disk{Target: "vdb", Pool: "libvirt-pool", Image: "librbd"},
	}
	watchers := []ceph.Watcher{{Addr: "192.0.2.9:0/1"}, {Addr: "192.0.2.7:0/1"}}
	for want, kept := range map[string]error{
		"was taken from domain \"guest\" again": nil,
		"it is still attached":                  errors.New("the guest keeps it"),
	} {
		err := a.openedMeanwhile(libvirt.Domain{Name: "guest"}, watchers, kept)
		if !problem.Is(err, problem.Busy) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "192.0.2.9") ||
			kept != nil && !strings.Contains(err.Error(), kept.Error()) || problem.Argument(err) != "image" {
			t.Errorf("%v", err)
		}
	}
}
