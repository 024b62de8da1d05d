//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A change that makes a disk the only one to have an image is checked as a new one is: who has the image open, and whether the domain
// has it at another target.
func TestAccLibvirtRBDDisk_oneWriterByChange(t *testing.T) {
	prepare(t)
	t.Parallel()
	const off, on = "change-off", "change-on"
	guest(t, "kvm1", testbed.GuestOptions{Name: off})
	running(t, "kvm1", testbed.GuestOptions{Name: on, Paused: true})
	const shared, reader, opened, twice = "shareable = true", "read_only = true", "is open elsewhere", "already has image"
	rows := []struct {
		what, domain  string
		before, after string
		open          bool   // another client has the image that the disk has afterwards
		other         string // the image before, where it is another one
		words         string // none where it is allowed
	}{
		{"another image", off, "", "", true, "change-free", opened},
		{"another image, to share", off, "", shared, true, "change-free2", ""},
		{"no longer shared", off, shared, "", true, "", opened},
		{"no longer only read", off, reader, "", true, "", opened},
		{"no longer shared, running", on, shared, "", true, "", opened},
		{"no longer shared, with nobody", off, shared, "", false, "", ""},
		{"no longer shared, with nobody, running", on, shared, "", false, "", ""},
		{"an image that the domain has", off, "", "", false, "change-free3", twice},
		{"no longer shared with itself", off, shared, "", false, "", twice},
	}
	var closeAll []func()
	before, after := source+acctest.Provider(t), source+acctest.Provider(t)
	disk := func(label, domain, imageName string, assignments ...string) string {
		// The wait for those who have the image open ends with the time for the change.
		assignments = append([]string{`timeouts = { update = "10s" }`}, assignments...)
		return strings.Replace(block(domain, imageName, assignments...), `"test"`, fmt.Sprintf("%q", label), 1)
	}
	for i, row := range rows {
		name := fmt.Sprintf("change-%d", i)
		image(t, "east", name, "8M")
		if row.open {
			closeAll = append(closeAll, acctest.OpenImage(t, "east", "libvirt", pool+"/"+name))
		}
		first := name
		if row.other != "" {
			first = row.other
			image(t, "east", first, "8M")
		}
		target := fmt.Sprintf("target_dev = \"vd%c\"", 'b'+i)
		before += disk(fmt.Sprintf("r%d", i), row.domain, first, target, row.before)
		after += disk(fmt.Sprintf("r%d", i), row.domain, name, target, row.after)
		if row.words == twice {
			twin := disk(fmt.Sprintf("twin%d", i), row.domain, name, fmt.Sprintf("target_dev = \"vdx%c\"", 'a'+i), shared)
			before, after = before+twin, after+twin
		}
	}
	w := acctest.NewWorkspaceOf(t, before)
	apply(t, w)
	definitions := func(i int) string {
		text, err := diskOf(t, "kvm1", rows[i].domain, fmt.Sprintf("vd%c", 'b'+i), true).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var was []string
	for i := range rows {
		was = append(was, definitions(i))
	}
	w.Write(t, after)
	result, _ := try(t, w, "apply", "-auto-approve")
	for i, row := range rows {
		text := strings.Join(result.texts(fmt.Sprintf("r%d", i), "error"), "\n")
		if (text == "") != (row.words == "") || !acctest.Message(row.words).MatchString(text) {
			t.Errorf("%s: not refused with %q: %s", row.what, row.words, text)
		}
		if changed := definitions(i) != was[i]; changed == (row.words != "") {
			t.Errorf("%s: the saved definition has changed: %v", row.what, changed)
		}
	}
	for _, closeImage := range closeAll {
		closeImage()
	}
	acctest.Virsh(t, "kvm1", "destroy", on)
	w.Write(t, source+acctest.Provider(t))
	w.Apply(t)

	// A disk that is missing in the running domain is put back only where nobody has opened its image since.
	image(t, "east", "change-back", "8M")
	w.Write(t, source+acctest.Provider(t)+disk("test", off, "change-back"))
	apply(t, w)
	saved, err := diskOf(t, "kvm1", off, "vdb", true).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	acctest.Virsh(t, "kvm1", "detach-disk", off, "vdb", "--config")
	acctest.Virsh(t, "kvm1", "start", off, "--paused")
	acctest.VirshIn(t, "kvm1", saved, "attach-device", off, "/dev/stdin", "--config")
	closeImage := acctest.OpenImage(t, "east", "libvirt", pool+"/change-back")
	result, err = try(t, w, "apply", "-auto-approve")
	if text := fmt.Sprint(result.texts("test", "error")); err == nil || !acctest.Message(opened).MatchString(text) ||
		diskOf(t, "kvm1", off, "vdb", false) != nil {
		t.Errorf("put back: %v %s", err, text)
	}
	closeImage()
	apply(t, w)
	if diskOf(t, "kvm1", off, "vdb", false) == nil {
		t.Error("not put back")
	}
	acctest.Virsh(t, "kvm1", "destroy", off)
	w.Destroy(t)
}
