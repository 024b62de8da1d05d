//go:build cgo

package cephrbdimage_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// namingDomain is a domain on kvm1 that names the image vms/booked in one place.
type namingDomain struct {
	domain string
	// words name the place.
	words string
	// disks and os are parts of the definition.
	disks, os string
	// then changes the defined domain.
	then func(t *testing.T, d namingDomain)
	uuid string
}

func (n namingDomain) definition(disks string) string {
	return fmt.Sprintf(`<domain type='qemu'><name>%s</name><uuid>%s</uuid><memory unit='MiB'>16</memory>`+
		`<os><type arch='x86_64' machine='pc'>hvm</type>%s</os><features><acpi/></features><devices>%s</devices></domain>`, n.domain,
		n.uuid, n.os, disks)
}

// namingDomains are domains that name an image in all the places that this libvirt has.
func namingDomains(t *testing.T, secret string) []namingDomain {
	t.Helper()
	monitor := acctest.Bed(t).Cluster("east").Monitors[0]
	source := fmt.Sprintf(`<source protocol='rbd' name='vms/booked'><host name='%s' port='%d'/></source>`, monitor.Host, monitor.V1Port)
	auth := fmt.Sprintf(`<auth username='admin'><secret type='ceph' uuid='%s'/></auth>`, secret)
	overlay := func(backing string) string {
		return `<disk type='file'><driver name='qemu' type='qcow2'/><source file='/nosuch/overlay'/>` + backing +
			`<target dev='vda' bus='virtio'/></disk>`
	}
	base := `<backingStore type='network'><format type='raw'/>` + source + `</backingStore>`
	disk := `<disk type='network' device='disk'>%s` + source + `<target dev='vda' bus='virtio'/></disk>`
	own := fmt.Sprintf(disk, "")
	list := []namingDomain{
		{domain: "source", words: "(vda)", disks: own},
		{domain: "hostless", words: "(vda)", disks: `<disk type='network'><source protocol='rbd' name='vms/booked'/><target dev='vda'` +
			` bus='virtio'/></disk>`},
		{domain: "by-name", words: "(vda)", disks: strings.Replace(own, monitor.Host, "mon.invalid", 1)},
		{domain: "drive", words: "(sda)", disks: `<disk type='network' device='cdrom'>` + source + `<target dev='sda' bus='scsi'/></disk>`},
		{domain: "overlay", words: "(vda, as the base of an overlay)", disks: overlay(base)},
		{
			domain: "deeper", words: "(vda, as the base of an overlay)",
			disks: overlay(`<backingStore type='file'><format type='qcow2'/><source file='/nosuch/middle'/>` + base + `</backingStore>`),
		},
		{
			domain: "firmware", words: "(firmware)",
			os: `<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram type='network'>` + source + `</nvram>`,
		},
		{domain: "mapped", words: "(vda)", disks: `<disk type='block'><source dev='/dev/rbd/vms/booked'/><target dev='vda'` +
			` bus='virtio'/></disk>`},
		{domain: "volume", words: "(vda)", disks: `<disk type='volume'><source pool='booked' volume='booked'/><target dev='vda'` +
			` bus='virtio'/></disk>`},
		{
			domain: "snapshot", words: `(vda, in the metadata of snapshot "s1")`,
			then: func(t *testing.T, n namingDomain) {
				acctest.VirshIn(t, "kvm1", `<domainsnapshot><name>s1</name><state>shutoff</state><creationTime>1</creationTime><disks>`+
					`<disk name='vda' snapshot='internal'/></disks>`+n.definition(own)+`</domainsnapshot>`, "snapshot-create", n.domain,
					"/dev/stdin", "--redefine")
			},
		},
		{
			domain: "suspended", words: "(vda, in the managed save image)", disks: fmt.Sprintf(disk, auth),
			then: func(t *testing.T, n namingDomain) {
				acctest.Virsh(t, "kvm1", "start", "--paused", n.domain)
				acctest.Virsh(t, "kvm1", "managedsave", n.domain)
				acctest.VirshIn(t, "kvm1", n.definition(""), "define", "/dev/stdin")
			},
		},
		{
			domain: "marked", words: `(vda, in the metadata of checkpoint "c1")`,
			then: func(t *testing.T, n namingDomain) {
				acctest.VirshIn(t, "kvm1", `<domaincheckpoint><name>c1</name><creationTime>1</creationTime>`+n.definition(own)+`</domaincheckpoint>`,
					"checkpoint-create", n.domain, "/dev/stdin", "--redefine")
			},
		},
	}
	for i := range list {
		list[i].uuid = uuid.NewString()
	}
	return list
}

func (n namingDomain) define(t *testing.T) {
	t.Helper()
	acctest.VirshIn(t, "kvm1", n.definition(n.disks), "define", "/dev/stdin")
	t.Cleanup(func() { n.undefine(t) })
	if n.then != nil {
		n.then(t, n)
	}
}

func (n namingDomain) undefine(t *testing.T) {
	virsh := acctest.Bed(t).Hypervisor("kvm1").Virsh
	_, _ = virsh(context.Background(), "destroy", n.domain)
	_, _ = virsh(context.Background(), "undefine", n.domain, "--managed-save", "--snapshots-metadata", "--checkpoints-metadata",
		"--keep-nvram")
}

// A domain that is shut off has no watcher on its image, and could not start without it. Each place is found:
// the error names them all.
func TestAccCephRBDImage_namedByADomain(t *testing.T) {
	pools(t)
	const secret = "66085c23-2177-242d-7661-c785df7f6230"
	acctest.VirshIn(t, "kvm1", "<secret ephemeral='no' private='no'><uuid>"+secret+"</uuid>"+
		"<usage type='ceph'><name>admin of east</name></usage></secret>", "secret-define", "/dev/stdin")
	acctest.VirshIn(t, "kvm1", acctest.Ceph(t, "east", "auth", "get-key", "client.admin"), "secret-set-value", secret, "--file", "/dev/stdin")
	monitor := acctest.Bed(t).Cluster("east").Monitors[0]
	acctest.VirshIn(t, "kvm1", fmt.Sprintf("<pool type='rbd'><name>booked</name><source><host name='%s' port='%d'/><name>vms</name>"+
		"</source></pool>", monitor.Host, monitor.V1Port), "pool-define", "/dev/stdin")
	t.Cleanup(func() {
		_, _ = acctest.Bed(t).Hypervisor("kvm1").Virsh(context.Background(), "pool-undefine", "booked")
	})
	config := image("booked", small, "force_destroy = true")
	list := namingDomains(t, secret)
	var hits []string
	for _, n := range list {
		hits = append(hits, n.domain+" on kvm1 "+n.words)
	}
	slices.Sort(hits)
	run(t, "booked",
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				for _, n := range list {
					n.define(t)
				}
			},
			Config: config, Destroy: true,
			ExpectError: acctest.Message(`Image vms/booked on cluster "east" is named by ` + strings.Join(hits, ", ") +
				`. These domains would lose a disk`),
		},
		resource.TestStep{
			PreConfig: func() {
				for _, n := range list {
					n.undefine(t)
				}
			},
			Config: config, PlanOnly: true,
		},
	)
}

// The image is not deleted while a hypervisor that answers can't be searched. One that does not answer at all is left out.
func TestAccCephRBDImage_namedByADomainNotSearched(t *testing.T) {
	pools(t)
	config := acctest.Provider(t) + image("unsearched", small, "force_destroy = true")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				Config: strings.Replace(config, "{ uri", `{ host_uuid = "10000000-0000-4000-8000-000000000000", uri`, 1), Destroy: true,
				ExpectError: acctest.Message(`It could not be checked whether a domain on hypervisor "kvm1" names Image vms/unsearched on` +
					` cluster "east".`),
			},
			{Config: strings.Replace(config, "/libvirt-sock", "/nobody-listens", 1), Destroy: true},
		},
		CheckDestroy: func(*terraform.State) error {
			if exists(t, "unsearched") {
				return fmt.Errorf("image unsearched is still there")
			}
			return nil
		},
	})
}
