package libvirt

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// readable is a folder that the hypervisors' plain user may use, and what is put there with it.
func readable(t *testing.T) string {
	t.Helper()
	folder := expect.Value(os.MkdirTemp("", "images"))(t) //nolint:usetesting // a test's own folder is closed to that user.
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	expect.NoError(t, os.Chmod(folder, 0o777))
	return folder
}

// named lists the places at which a host's domains name an image, as target, place and whether the running domain has it there.
func named(t *testing.T, h *Host, domain, image string) []string {
	t.Helper()
	var list []string
	for _, use := range expect.Value(h.ImageUses(t.Context()))(t) {
		if use.Domain == domain && use.Image == image {
			list = append(list, strings.TrimSuffix(fmt.Sprintf("%s, %s", use.Target, use.Place), ", ")+map[bool]string{true: ", live"}[use.Active])
		}
	}
	return list
}

// A running guest's image is found under its overlays at any depth, and as the destination of a copy; in its definitions and in what
// snapshots remember.
func TestRealImageUsesOfARunningGuest(t *testing.T) {
	bed := realDaemons(t)
	h := kvm(t, bed, "kvm1", Config{})
	virsh := func(args ...string) string {
		return expect.Value(bed.Hypervisor("kvm1").Virsh(t.Context(), args...))(t)
	}
	makeImage(t, bed, "under")
	makeImage(t, bed, "copied")
	g := guest(t, bed, "kvm1", testbed.GuestOptions{Paused: true}, true)
	secret := defineSecret(t, h, userKey(t, bed, testUser))
	expect.NoError(t, h.AttachDisk(t.Context(), g.UUID, rbdDisk(bed, "under", "vdb", secret), Live|Saved))
	t.Cleanup(func() {
		_, _ = bed.Hypervisor("kvm1").Virsh(context.Background(), "destroy", g.Name)
		_, _ = bed.Hypervisor("kvm1").Virsh(context.Background(), "undefine", g.Name, "--snapshots-metadata")
	})
	folder := readable(t)
	for _, snapshot := range []string{"s1", "s2"} {
		virsh("snapshot-create-as", g.Name, snapshot, "--disk-only", "--diskspec", "vdb,file="+filepath.Join(folder, snapshot))
	}
	want := []string{
		"vdb, as the base of an overlay, live",
		`vdb, as the base of an overlay, in the metadata of snapshot "s2"`,
		`vdb, in the metadata of snapshot "s1"`,
	}
	if got := named(t, h, g.Name, testPool+"/under"); !slices.Equal(got, want) {
		t.Errorf("%q instead of %q", got, want)
	}
	destination := rbdDisk(bed, "copied", "vdb", secret)
	destination.Alias = ""
	file := filepath.Join(folder, "destination")
	expect.NoError(t, os.WriteFile(file, []byte(expect.Value(destination.Element())(t)), 0o600))
	virsh("blockcopy", g.Name, "vdb", "--xml", file, "--reuse-external", "--transient-job")
	if got, want := named(t, h, g.Name, testPool+"/copied"), []string{"vdb, as the destination of a block copy, live"}; !slices.Equal(got,
		want) {
		t.Errorf("%q instead of %q", got, want)
	}
}

// What only the header of an overlay tells is known while the domain runs, and not while it is shut off.
func TestRealImageUsesOfAnOverlaysHeader(t *testing.T) {
	bed := realDaemons(t)
	h := kvm(t, bed, "kvm1", Config{})
	makeImage(t, bed, "header")
	g := guest(t, bed, "kvm1", testbed.GuestOptions{Paused: true}, false)
	folder := readable(t)
	east := bed.Cluster("east")
	configuration, overlay := filepath.Join(folder, "ceph.conf"), filepath.Join(folder, "overlay")
	expect.NoError(t, os.WriteFile(configuration, fmt.Appendf(nil, "[global]\nmon_host = %s\nkey = %s\n", east.MonHost, east.AdminKey), 0o644))
	out, err := exec.Command("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", "rbd:"+testPool+"/header:conf="+configuration,
		overlay, "64M").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	expect.NoError(t, os.Chmod(overlay, 0o666))
	expect.Value(bed.Hypervisor("kvm1").VirshIn(t.Context(), "<disk type='file'><driver name='qemu' type='qcow2'/><source file='"+overlay+
		"'/><target dev='vdb' bus='virtio'/></disk>",
		"attach-device", g.Name, "/dev/stdin", "--config"))(t)
	if got := named(t, h, g.Name, testPool+"/header"); len(got) != 0 {
		t.Errorf("known while the domain is shut off: %q", got)
	}
	expect.NoError(t, g.Start(t.Context()))
	if got, want := named(t, h, g.Name, testPool+"/header"), []string{"vdb, as the base of an overlay, live"}; !slices.Equal(got, want) {
		t.Errorf("%q instead of %q", got, want)
	}
}
