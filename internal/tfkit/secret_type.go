package tfkit

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// SecretType is a resource that manages libvirt secrets, those of one usage type.
type SecretType struct {
	// Name is the resource's type.
	Name string
	// UsageType is libvirt's. Of a secret of another one nothing is shown, changed or removed.
	UsageType string
	// UsageArgument is the argument with the usage name.
	UsageArgument string
	// What is what such a secret is for, in words.
	What string
	// UniqueUsage says how to choose a usage name that no other secret of the host has.
	UniqueUsage string
	// uuidPrefix stands before the usage name in what the default UUID is made of.
	uuidPrefix string
}

// The types of secrets. Their prefixes of UUIDs are written in users' hypervisors and never change.
var (
	CephSecret = SecretType{
		Name: "libvirt_ceph_secret", UsageType: libvirt.UsageCeph, UsageArgument: "usage_name", What: "for Ceph",
		UniqueUsage: "Users of two clusters often have the same name: put the cluster's fsid in usage_name, as in \"client.libvirt@FSID\".",
		uuidPrefix:  "libvirt-ceph-secret:",
	}
	VolumeSecret = SecretType{
		Name: "libvirt_volume_secret", UsageType: libvirt.UsageVolume, UsageArgument: "volume", What: "for a volume",
		UniqueUsage: "Images of two clusters often have the same name: put the cluster's label or fsid in volume, as in \"east/vms/data\".",
		uuidPrefix:  "libvirt-volume-secret:",
	}
)

// DefaultUUID is the same on every host for one usage name, so that a guest finds its secret on each host to which it migrates.
func (t SecretType) DefaultUUID(usage string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(t.uuidPrefix+usage)).String()
}

// RefuseOther refuses a secret of another usage type: it may hold anything, and the resource must not show, change or remove it.
func (t SecretType) RefuseOther(host *libvirt.Host, secret libvirt.Secret) error {
	if secret.UsageType == t.UsageType {
		return nil
	}
	p := &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("The secret %s on hypervisor %q is not %s: its usage type is %q.", secret.UUID, host.Label(), t.What, secret.UsageType),
		Do: fmt.Sprintf("Use the UUID of a secret of usage type %q, as virsh secret-list shows it. If somebody has put this one in the place"+
			" of a secret that is managed here, choose another uuid, or take the resource out of the state with terraform state rm.", t.UsageType),
	}
	for _, other := range []SecretType{CephSecret, VolumeSecret} {
		if secret.UsageType == other.UsageType {
			p.Do = fmt.Sprintf("Manage it with %s, which is for secrets of this usage type. ", other.Name) + p.Do
		}
	}
	return p
}
