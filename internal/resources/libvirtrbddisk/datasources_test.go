//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// attached is a disk that was attached by hand, with what the listing has to say of it.
type attached struct {
	where string // flags of virsh attach-device
	xml   string
	shown map[string]string // "" for null
}

// TestAccLibvirtDomains_dataSource lists domains with disks that were attached by hand.
func TestAccLibvirtDomains_dataSource(t *testing.T) {
	const one, several = "data.libvirt_domain.test", "data.libvirt_domains.test"
	prepare(t)
	t.Parallel()
	image(t, "east", "domains-a", "4M")
	image(t, "east", "domains-b", "4M")
	image(t, "west", "domains-c", "4M")
	file := emptyFile(t)
	serial := func(xml string) string { return strings.Replace(xml, "</disk>", "<serial>listed</serial></disk>", 1) }
	runs := running(t, "kvm1", testbed.GuestOptions{Name: "domains-runs", SparePorts: 4})
	guest(t, "kvm1", testbed.GuestOptions{Name: "domains-off", Machine: "pc"})
	usage := fmt.Sprintf("<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='libvirt'><secret type='ceph'"+
		" usage='client.libvirt@west'/></auth><source protocol='rbd' name='%s/domains-c'><host name='localhost' port='%d'/></source>"+
		"<target dev='vdd' bus='virtio'/></disk>", pool, acctest.Bed(t).Cluster("west").Monitors[0].V2Port)
	disks := map[string][]attached{
		"domains-runs": {
			{"--live --config", serial(handXML(t, "east", "domains-a", "vdb")), map[string]string{
				"id": "kvm1/domains-runs/vdb", "hypervisor": "kvm1", "domain": "domains-runs", "cluster": "east", "pool": pool, "image": "domains-a",
				"namespace": "", "user": "libvirt", "secret_uuid": eastSecret, "target_dev": "vdb", "bus": "virtio", "device": "disk",
				"serial": "listed", "cache": "", "monitors.#": "1", "address.type": "pci", "live": "true", "persistent": "true",
				"pending_restart": "false", "source_type": "rbd", "source": pool + "/domains-a", "fsid": acctest.Bed(t).Cluster("east").FSID,
			}},
			{"--config", fmt.Sprintf("<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='%s'/>"+
				"<target dev='vdc' bus='virtio'/></disk>", file), map[string]string{
				"id": "", "cluster": "", "pool": "", "image": "", "target_dev": "vdc", "cache": "none", "live": "false", "persistent": "true",
				"source_type": "file", "source": file,
			}},
			{"--config", usage, map[string]string{
				"id": "kvm1/domains-runs/vdd", "cluster": "west", "secret_uuid": westSecret, "image": "domains-c", "live": "false",
			}},
		},
		"domains-off": {
			{"--config", "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>", map[string]string{
				"id": "", "device": "cdrom", "bus": "ide", "read_only": "true", "source_type": "", "source": "",
			}},
			{"--config", acctest.XML(t, acctest.RBDDisk(t, "east", pool+"/domains-b", "vda", "", "")), map[string]string{
				"id": "", "cluster": "east", "user": "", "secret_uuid": "", "image": "domains-b", "source_type": "rbd",
			}},
		},
	}
	for name, list := range disks {
		for _, disk := range list {
			acctest.VirshIn(t, "kvm1", disk.xml, append([]string{"attach-device", name, "/dev/stdin"}, strings.Fields(disk.where)...)...)
		}
	}
	at := func(address, prefix string, wants map[string]string) resource.TestCheckFunc {
		var checks []resource.TestCheckFunc
		for attribute, want := range wants {
			if want == "" {
				checks = append(checks, resource.TestCheckNoResourceAttr(address, prefix+attribute))
			} else {
				checks = append(checks, resource.TestCheckResourceAttr(address, prefix+attribute, want))
			}
		}
		return resource.ComposeAggregateTestCheckFunc(checks...)
	}
	shows := func(address, prefix, name string, order ...int) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			checks := []resource.TestCheckFunc{at(address, prefix, map[string]string{
				"name": name, "hypervisor": "kvm1", "uuid": acctest.Virsh(t, "kvm1", "domuuid", name), "persistent": "true",
				"state": acctest.Virsh(t, "kvm1", "domstate", name), "host_uuid": acctest.Bed(t).Hypervisor("kvm1").UUID,
				"disks.#": fmt.Sprint(len(disks[name])),
			})}
			for i, number := range order {
				checks = append(checks, at(address, fmt.Sprintf("%sdisks.%d.", prefix, i), disks[name][number].shown))
			}
			return resource.ComposeAggregateTestCheckFunc(checks...)(state)
		}
	}
	alias := definition(t, "kvm1", "domains-runs", false).Devices.Disks[0].Alias.Name
	data := func(kind, assignment string) string {
		return fmt.Sprintf("data \"libvirt_%s\" \"test\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n  %s\n}\n", kind, assignment)
	}
	acctest.Run(t, "nothing", func() bool { return false },
		resource.TestStep{
			Config:      data("domain", `name = "domains-none"`),
			ExpectError: acctest.Message(`Domain not found: no domain with matching name 'domains-none'`),
		},
		resource.TestStep{
			Config: data("domains", `name_pattern = "domains-*"`),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(several, "domains.#", "2"),
				shows(several, "domains.0.", "domains-off", 0, 1), shows(several, "domains.1.", "domains-runs", 0, 1, 2),
				resource.TestCheckResourceAttr(several, "domains.1.disks.0.alias", alias),
			),
		},
		resource.TestStep{
			Config: data("domain", `name = "domains-runs"`),
			Check: resource.ComposeAggregateTestCheckFunc(
				shows(one, "", "domains-runs", 0, 1, 2), resource.TestCheckResourceAttr(one, "free_hotplug_ports", "3"),
			),
		},
		resource.TestStep{
			PreConfig: func() {
				if err := runs.Destroy(t.Context()); err != nil {
					t.Error(err)
				}
			},
			Config: data("domain", fmt.Sprintf("uuid = %q", strings.ToUpper(runs.UUID))),
			Check:  shows(one, "", "domains-runs"),
		},
		resource.TestStep{Config: data("domains", `name_pattern = "domains"`), Check: resource.TestCheckResourceAttr(several, "domains.#", "0")},
	)
}

// emptyFile is a file of 4 MiB that a hypervisor can open.
func emptyFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(name, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{name, filepath.Dir(name), filepath.Dir(filepath.Dir(name))} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

// TestAccLibvirtDomain_freePorts plugs in as many disks as the data source says there is room for, and no more fit.
func TestAccLibvirtDomain_freePorts(t *testing.T) {
	prepare(t)
	t.Parallel()
	for _, options := range []testbed.GuestOptions{
		{Name: "ports-q35", SparePorts: 3, NoDrivers: true, Paused: true}, {Name: "ports-pc", Machine: "pc", NoDrivers: true, Paused: true},
	} {
		t.Run(options.Name, func(t *testing.T) {
			running(t, "kvm1", options)
			file := emptyFile(t)
			plug := func(i int) error {
				target := fmt.Sprintf("vd%c%c", 'a'+i/26, 'a'+i%26)
				_, err := acctest.Bed(t).Hypervisor("kvm1").Virsh(t.Context(), "attach-disk", options.Name, file, target, "--live",
					"--targetbus", "virtio", "--sourcetype", "file", "--mode", "shareable", "--cache", "none")
				return err
			}
			if err := plug(0); err != nil {
				t.Fatal(err)
			}
			free := 0
			acctest.Run(t, "nothing", func() bool { return false }, resource.TestStep{
				Config: fmt.Sprintf("data \"libvirt_domain\" \"test\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n  name = %q\n}\n", options.Name),
				Check: resource.TestCheckResourceAttrWith("data.libvirt_domain.test", "free_hotplug_ports", func(value string) (err error) {
					_, err = fmt.Sscan(value, &free)
					return err
				}),
			})
			for i := range free {
				if err := plug(i + 1); err != nil {
					t.Fatalf("%d are free, but number %d: %v", free, i+1, err)
				}
			}
			if err := plug(free + 1); err == nil || !strings.Contains(err.Error(), "No more available PCI slots") {
				t.Errorf("%d are free, but one more: %v", free, err)
			}
		})
	}
}
