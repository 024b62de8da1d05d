//go:build cgo

package endtoend_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// TestAccGoldenImages applies the files of the guide "Guests from golden images": a guest finds the template's content on a disk that took
// no copy, goes on while it gets that content itself, and the template can go then.
func TestAccGoldenImages(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	const spring, autumn = "debian-2026-05", "debian-2026-11"
	web1 := definedGuestFor(ctx, t, "kvm1", "web1")
	definedGuestFor(ctx, t, "kvm1", "web2")
	acctest.Ceph(t, "east", "osd", "pool", "create", "templates", "8")
	acctest.RBD(t, "east", "pool", "init", "templates")
	t.Cleanup(func() {
		acctest.Ceph(t, "east", "osd", "pool", "delete", "templates", "templates", "--yes-i-really-really-mean-it")
	})
	for _, name := range []string{spring, autumn} {
		content := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(content, append([]byte("this is "+name), make([]byte, 4<<20-len("this is "+name))...), 0o600); err != nil {
			t.Fatal(err)
		}
		acctest.RBD(t, "east", "import", "--no-progress", content, "templates/"+name)
	}
	before := inventory(t)
	examples := onBed(t, acctest.NewWorkspace(t, "examples"))
	examples.Set(t, "target_dev", "vdb")
	w := examples.In(t, "golden-images")
	type guest = map[string]any
	set := func(templates []string, first, second guest) {
		t.Helper()
		first["size"], second["size"] = "8MiB", "8MiB"
		w.Set(t, "templates", templates)
		w.Set(t, "guests", map[string]any{"web1": first, "web2": second})
	}
	apply := func(templates []string, first, second guest) {
		t.Helper()
		set(templates, first, second)
		w.Apply(t)
		w.ExpectEmptyPlan(t)
	}
	apply([]string{spring}, guest{"template": spring}, guest{"template": spring})
	expectParents(t, map[string]string{"web1": spring, "web2": spring})

	// The guest reads the template's content, and writes beside it.
	if err := web1.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := web1.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	disks, err := web1.WaitDisks(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	reads := func(offset int64, want string) {
		t.Helper()
		if got, err := web1.Read(ctx, disks[0].Name, offset, len(want)); err != nil || got != want {
			t.Errorf("the guest reads %q at %d, want %q; %v", got, offset, want, err)
		}
	}
	reads(0, "this is "+spring)
	if err := web1.Write(ctx, disks[0].Name, 4096, "written by the guest"); err != nil {
		t.Fatal(err)
	}

	// A new template is for those that are made from it; under the others nothing changes.
	set([]string{spring, autumn}, guest{"template": autumn}, guest{"template": spring})
	expectFailure(t, w, []string{
		`Image guests/web1-root on cluster "east" was made from templates/` + spring + "@base, and the configuration names templates/" + autumn +
			"@base",
	}, "apply")

	// The running guest gets the data itself, and needs the template no more.
	apply([]string{spring, autumn}, guest{"template": spring, "flatten": true}, guest{"template": spring})
	expectParents(t, map[string]string{"web1": "", "web2": spring})
	reads(0, "this is "+spring)
	reads(4096, "written by the guest")
	set([]string{autumn}, guest{}, guest{})
	expectFailure(t, w, []string{`is a clone of templates/` + spring}, "apply")

	// What still hangs on the template keeps it.
	acctest.RBD(t, "east", "flatten", "--no-progress", "guests/web2-root")
	apply([]string{autumn}, guest{}, guest{})
	if left := acctest.RBD(t, "east", "snap", "ls", "templates/"+spring); strings.Contains(left, "base") {
		t.Errorf("the former template still has its snapshot: %s", left)
	}
	reads(0, "this is "+spring)

	if err := web1.Destroy(ctx); err != nil {
		t.Fatal(err)
	}
	main := unprotected(t, examples, "golden-images")
	w.Write(t, strings.Replace(main, "\n  lifecycle {", "\n  force_destroy = true\n  lifecycle {", 1))
	w.Apply(t)

	// A disk is made anew from the new template: the guest is taken out, and put in again.
	w.Set(t, "guests", map[string]any{"web2": guest{"size": "8MiB"}})
	w.Apply(t)
	if disks := acctest.Virsh(t, "kvm1", "domblklist", "--inactive", "web1"); strings.Contains(disks, "root") {
		t.Errorf("the domain still has %s", disks)
	}
	apply([]string{autumn}, guest{"template": autumn}, guest{})
	expectParents(t, map[string]string{"web1": autumn, "web2": ""})
	w.Destroy(t)
	expectInventory(t, before)
}

// expectParents fails the test unless rbd shows these templates as the parents of the guests' images; an empty one means none.
func expectParents(t *testing.T, want map[string]string) {
	t.Helper()
	for guest, template := range want {
		parent := "none"
		for line := range strings.Lines(acctest.RBD(t, "east", "info", "guests/"+guest+"-root")) {
			if value, is := strings.CutPrefix(strings.TrimSpace(line), "parent: "); is {
				parent = value
			}
		}
		wanted := "none"
		if template != "" {
			wanted = fmt.Sprintf("templates/%s@base", template)
		}
		if parent != wanted {
			t.Errorf("the parent of %s is %s, want %s", guest, parent, wanted)
		}
	}
}
