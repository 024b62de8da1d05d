package testbed_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// makeSecret gives the hypervisor the key of client.admin.
func makeSecret(t *testing.T, ctx context.Context, h *testbed.Hypervisor, c *testbed.Cluster, uuid string) {
	t.Helper()
	secret := libvirtxml.Secret{
		Ephemeral: "no", Private: "no", UUID: uuid,
		Usage: &libvirtxml.SecretUsage{Type: "ceph", Name: "client.admin@" + c.FSID},
	}
	text := must[string](t)(secret.Marshal())
	must[string](t)(h.VirshIn(ctx, text, "secret-define", "/dev/stdin"))
	must[string](t)(h.VirshIn(ctx, c.AdminKey, "secret-set-value", uuid, "--file", "/dev/stdin"))
}

func diskXML(t *testing.T, c *testbed.Cluster, pool, image, secret, target, serial string) string {
	t.Helper()
	source := &libvirtxml.DomainDiskSourceNetwork{
		Protocol: "rbd", Name: pool + "/" + image,
		Auth: &libvirtxml.DomainDiskAuth{
			Username: "admin", Secret: &libvirtxml.DomainDiskSecret{Type: "ceph", UUID: secret},
		},
	}
	for _, m := range c.Monitors {
		source.Hosts = append(source.Hosts, libvirtxml.DomainDiskSourceHost{Name: m.Host, Port: fmt.Sprint(m.V1Port)})
	}
	disk := libvirtxml.DomainDisk{
		Device: "disk", Driver: &libvirtxml.DomainDiskDriver{Name: "qemu", Type: "raw"},
		Source: &libvirtxml.DomainDiskSource{Network: source},
		Target: &libvirtxml.DomainDiskTarget{Dev: target, Bus: "virtio"}, Serial: serial,
	}
	return must[string](t)(disk.Marshal())
}

// TestAccGuestSeesDisksOfTwoClusters is the procedure by hand that the provider replaces, on both machine types.
func TestAccGuestSeesDisksOfTwoClusters(t *testing.T) {
	ctx := acceptance(t)
	bed := start(t, ctx, testbed.Options{Hypervisors: []string{"kvm1"}})
	h := bed.Hypervisor("kvm1")
	secrets := map[string]string{"east": eastSecret, "west": westSecret}
	for name, secret := range secrets {
		makeSecret(t, ctx, h, bed.Cluster(name), secret)
	}
	for _, machine := range []string{"q35", "pc"} {
		t.Run(machine, func(t *testing.T) {
			for name := range secrets {
				makeImage(t, ctx, bed.Cluster(name), machine, "data", "hello from "+name+"\n")
			}
			guest := must[*testbed.Guest](t)(h.DefineGuest(ctx, testbed.GuestOptions{Name: "vm-" + machine, Machine: machine}))
			if err := guest.Start(ctx); err != nil {
				t.Fatal(err)
			}
			for name, target := range map[string]string{"east": "vdb", "west": "vdc"} {
				xml := diskXML(t, bed.Cluster(name), machine, "data", secrets[name], target, name)
				must[string](t)(h.VirshIn(ctx, xml, "attach-device", guest.Name, "/dev/stdin", "--live", "--config"))
				disk := must[testbed.GuestDisk](t)(guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool {
					return d.Head == "hello from "+name
				}))
				if disk.Serial != name || disk.Bytes != 32<<20 || !disk.Readable {
					t.Errorf("the guest sees %+v", disk)
				}
				waitConsole(t, ctx, guest, fmt.Sprintf("guest: disk %s, 33554432 bytes, serial %s, starts with \"hello from %s\"", disk.Name, name,
					name))
				if err := guest.Write(ctx, disk.Name, 4<<20-7, "written by the guest"); err != nil {
					t.Fatal(err)
				}
				if got := must[string](t)(guest.Read(ctx, disk.Name, 4<<20-7, 20)); got != "written by the guest" {
					t.Errorf("the guest reads %q", got)
				}
				content := must[[]byte](t)(bed.Cluster(name).RBD(ctx, "export", "--no-progress", machine+"/data", "-"))
				if !strings.HasPrefix(string(content[4<<20-7:]), "written by the guest") {
					t.Error("the guest's text isn't in the image")
				}
				if err := guest.StartCounter(ctx, disk.Name); err != nil {
					t.Fatal(err)
				}
				waitCounter(t, ctx, guest, 5)
				if err := guest.StopCounter(ctx); err != nil {
					t.Fatal(err)
				}

				must[string](t)(h.VirshIn(ctx, xml, "detach-device", guest.Name, "/dev/stdin", "--live", "--config"))
				if err := guest.WaitNoDisk(ctx, func(d testbed.GuestDisk) bool { return d.Serial == name }); err != nil {
					t.Fatal(err)
				}
				waitDetached(t, ctx, h, guest, target)
			}
			if err := guest.Shutdown(ctx); err != nil {
				t.Fatal(err)
			}
			if err := guest.Undefine(ctx); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// waitConsole waits for a line that the guest writes of its own accord, once a second if there is something new.
func waitConsole(t *testing.T, ctx context.Context, guest *testbed.Guest, line string) {
	t.Helper()
	for !strings.Contains(guest.ConsoleLog(), line) {
		if ctx.Err() != nil {
			t.Fatalf("the console doesn't say %q: %s", line, guest.ConsoleLog())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// waitDetached waits until libvirt knows what the guest has done a moment before.
func waitDetached(t *testing.T, ctx context.Context, h *testbed.Hypervisor, guest *testbed.Guest, target string) {
	t.Helper()
	for strings.Contains(must[string](t)(h.Virsh(ctx, "domblklist", guest.Name)), target) {
		time.Sleep(10 * time.Millisecond)
	}
}

func waitCounter(t *testing.T, ctx context.Context, guest *testbed.Guest, rounds int) {
	t.Helper()
	for {
		state := must[testbed.CounterState](t)(guest.Counter(ctx))
		if state.Errors > 0 {
			t.Fatalf("the guest's I/O fails: %+v", state)
		}
		if state.Rounds >= rounds {
			return
		}
	}
}

// TestAccGuestWithoutDrivers keeps a disk for ever, and TestAccTransientGuest is gone when it is off.
func TestAccGuestWithoutDrivers(t *testing.T) {
	ctx := acceptance(t)
	bed := start(t, ctx, testbed.Options{Clusters: []testbed.ClusterOptions{{Name: "east"}}, Hypervisors: []string{"kvm1"}})
	h := bed.Hypervisor("kvm1")
	makeSecret(t, ctx, h, bed.Cluster("east"), eastSecret)
	makeImage(t, ctx, bed.Cluster("east"), "vms", "data", "hello")
	for _, machine := range []string{"q35", "pc"} {
		guest := must[*testbed.Guest](t)(h.DefineGuest(ctx, testbed.GuestOptions{
			Name: "deaf-" + machine, Machine: machine, NoDrivers: true,
			Transient: true,
		}))
		if err := guest.Start(ctx); err != nil {
			t.Fatal(err)
		}
		xml := diskXML(t, bed.Cluster("east"), "vms", "data", eastSecret, "vdb", "")
		must[string](t)(h.VirshIn(ctx, xml, "attach-device", guest.Name, "/dev/stdin", "--live"))
		if disks := must[[]testbed.GuestDisk](t)(guest.Disks(ctx)); len(disks) != 0 {
			t.Errorf("%s: a guest without drivers sees %+v", machine, disks)
		}
		must[string](t)(h.VirshIn(ctx, xml, "detach-device", guest.Name, "/dev/stdin", "--live"))
		if list := must[string](t)(h.Virsh(ctx, "domblklist", guest.Name)); !strings.Contains(list, "vdb") {
			t.Errorf("%s: a guest without drivers let go of the disk", machine)
		}
		// Longer than a request waits before it is sent again.
		must[string](t)(guest.Run(ctx, "echo ran >>/run/ran; sleep 6"))
		if got := must[string](t)(guest.Run(ctx, "cat /run/ran")); got != "ran" {
			t.Errorf("%s: a script that is sent twice should run once, got %q", machine, got)
		}
		if err := guest.Destroy(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Virsh(ctx, "domstate", guest.Name); err == nil {
			t.Errorf("%s: the transient guest exists although it is off", machine)
		}
	}
}
