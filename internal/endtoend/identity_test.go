//go:build cgo

package endtoend_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// site is a provider block: which cluster and which hypervisor of the bed stands behind which label.
type site struct {
	clusters, hypervisors map[string]string
}

// patience is the time limit of what has to succeed, also just after a whole cluster was woken.
const patience = "60s"

// block is the provider block with what goes before it.
func (s site) block(t *testing.T) string {
	t.Helper()
	return s.limited(t, nil)
}

// limited is block with other time limits for single clusters and hypervisors, by their names in the bed.
func (s site) limited(t *testing.T, limits map[string]string) string {
	t.Helper()
	bed := acctest.Bed(t)
	limit := func(name string) string {
		chosen := cmp.Or(limits[name], patience)
		return fmt.Sprintf("connect_timeout = %q, operation_timeout = %q", chosen, chosen)
	}
	var b strings.Builder
	b.WriteString("terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\nprovider \"ceph\" {\n " +
		" clusters = {\n")
	for label, name := range s.clusters {
		c := bed.Cluster(name)
		fmt.Fprintf(&b, "    %s = { mon_host = %q, key = %q, %s }\n", label, c.MonHost, c.AdminKey, limit(name))
	}
	b.WriteString("  }\n  hypervisors = {\n")
	for label, name := range s.hypervisors {
		fmt.Fprintf(&b, "    %s = { uri = %q, %s }\n", label, bed.Hypervisor(name).URI, limit(name))
	}
	b.WriteString("  }\n}\n")
	return b.String()
}

// half are a pool, an image and a user on one cluster and their secret on one hypervisor. The resources are named after
// the id, which does not change with the labels; an empty label is left out.
func half(id, cluster, hypervisor string) string {
	label := func(argument, label string) string {
		if label == "" {
			return ""
		}
		return fmt.Sprintf("  %s = %q\n", argument, label)
	}
	return strings.NewReplacer("ID", id, "  CLUSTER\n", label("cluster", cluster), "  HYPERVISOR\n", label("hypervisor", hypervisor)).Replace(`
resource "ceph_pool" "ID" {
  CLUSTER
  name         = "identity"
  applications = ["rbd"]

  # so that the cluster itself changes nothing meanwhile
  pg_num            = 8
  pg_autoscale_mode = "off"
}
resource "ceph_rbd_image" "ID" {
  CLUSTER
  pool = ceph_pool.ID.name
  name = "data"
  size = "8MiB"
}
resource "ceph_user" "ID" {
  CLUSTER
  name = "identity"
  caps = { mon = "profile rbd", osd = "profile rbd pool=${ceph_pool.ID.name}" }
}
resource "libvirt_ceph_secret" "ID" {
  provider   = ceph
  HYPERVISOR
  usage_name = "client.identity@${ceph_user.ID.fsid}"
  key        = ceph_user.ID.key
}
`)
}

// targetsOf are the flags that pick the resources of one half.
func targetsOf(id string) []string {
	return []string{"-target=ceph_pool." + id, "-target=ceph_rbd_image." + id, "-target=ceph_user." + id, "-target=libvirt_ceph_secret." + id}
}

// trace is what writes leave on the clusters and hypervisors of the bed.
type trace struct {
	// things are what there is: pools with the epoch of their last change, users with their keys, images, files of secrets
	// with their times; a line each.
	things []string
	// commands are the last ones that a monitor noted because they change something.
	commands []string
}

func traces(t *testing.T) trace {
	t.Helper()
	bed := acctest.Bed(t)
	var things, commands []string
	for _, c := range bed.Clusters() {
		for line := range strings.Lines(acctest.Ceph(t, c.Name, "osd", "pool", "ls", "detail")) {
			// What the OSDs clear away after an image is gone.
			if !strings.Contains(line, "removed_snaps_queue") {
				things = append(things, line)
			}
		}
		if slices.Contains(strings.Fields(acctest.Ceph(t, c.Name, "osd", "pool", "ls")), "identity") {
			things = append(things, acctest.RBD(t, c.Name, "info", "identity/data"))
		}
		things = append(things, acctest.Ceph(t, c.Name, "auth", "export"), acctest.Ceph(t, c.Name, "config-key", "ls"))
		for line := range strings.Lines(acctest.Ceph(t, c.Name, "log", "last", "1000", "info", "audit")) {
			if strings.Contains(line, "entity='client.") && !readOnly.MatchString(line) {
				commands = append(commands, c.Name+": "+line)
			}
		}
	}
	for _, h := range bed.Hypervisors() {
		files, err := filepath.Glob(filepath.Join(bed.Dir, h.Name, "config", "libvirt", "secrets", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			things = append(things, fmt.Sprint(file, info.Size(), info.ModTime()))
		}
	}
	lines := strings.Split(strings.Join(things, "\n"), "\n")
	return trace{slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" }), commands}
}

// readOnly are commands that are noted like changes because they show keys.
var readOnly = regexp.MustCompile(`"prefix": ?"auth (export|get|ls)"`)

// untouched runs do and fails the test when it left a trace.
func untouched(t *testing.T, do func()) {
	t.Helper()
	before := traces(t)
	do()
	after := traces(t)
	for what, lines := range map[string][]string{
		"is gone": without(before.things, after.things),
		"is new":  without(after.things, before.things),
	} {
		for _, line := range lines {
			t.Errorf("something was written, this %s: %s", what, line)
		}
	}
	for _, command := range without(after.commands, before.commands) {
		t.Errorf("a monitor was told to change something: %s", command)
	}
}

// without are the lines of one list that another doesn't have.
func without(lines, other []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(other, line) })
}

// refused runs terraform, which must fail with these words and leave the state as it is, byte for byte.
func refused(t *testing.T, w *acctest.Workspace, words []string, args ...string) {
	t.Helper()
	state := w.State(t)
	out, err := w.Try(t, append(args, "-input=false")...)
	if err == nil {
		t.Fatalf("terraform %s went through:\n%s", strings.Join(args, " "), out)
	}
	for _, phrase := range words {
		if !acctest.Message(phrase).MatchString(out) {
			t.Errorf("terraform %s does not say %q:\n%s", strings.Join(args, " "), phrase, out)
		}
	}
	after := w.State(t)
	same := string(after) == string(state)
	if slices.Contains(args, "-refresh=false") {
		// What fails while it is applied is saved again, with the next serial number and perhaps in another order.
		same = slices.Equal(contentOf(after), contentOf(state))
	}
	if !same {
		t.Errorf("terraform %s changed the state", strings.Join(args, " "))
	}
}

// contentOf are the lines of a state file but for its serial number, sorted.
func contentOf(state []byte) []string {
	lines := slices.DeleteFunc(strings.Split(string(state), "\n"), func(line string) bool { return strings.Contains(line, `"serial":`) })
	slices.Sort(lines)
	return lines
}

var (
	both    = site{map[string]string{"east": "east", "west": "west"}, map[string]string{"kvm1": "kvm1", "kvm2": "kvm2"}}
	renamed = site{map[string]string{"orient": "east", "occident": "west"}, map[string]string{"host1": "kvm1", "host2": "kvm2"}}
	swapped = site{map[string]string{"east": "west", "west": "east"}, map[string]string{"kvm1": "kvm2", "kvm2": "kvm1"}}
)

func TestAccLabelRenamed(t *testing.T) {
	w := acctest.NewWorkspaceOf(t, both.block(t)+half("a", "east", "kvm1")+half("b", "west", "kvm2"))
	w.Apply(t)

	untouched(t, func() {
		w.Write(t, renamed.block(t)+half("a", "orient", "host1")+half("b", "occident", "host2"))
		if out := w.Apply(t); !strings.Contains(out, "0 added, 8 changed, 0 destroyed") {
			t.Errorf("not an update in place of all that carry a label:\n%s", out)
		}
		w.ExpectEmptyPlan(t)
	})
	if state := string(w.State(t)); !strings.Contains(state, `"id": "orient/identity"`) || strings.Contains(state, `"east`) {
		t.Error("the state does not show the new labels")
	}
	// The resources still say the former labels, which are gone from the block: all is found by its identity.
	untouched(t, func() {
		w.Write(t, both.block(t)+half("a", "orient", "host1")+half("b", "occident", "host2"))
		w.ExpectEmptyPlan(t)
		w.Apply(t, "-refresh-only")
	})
	// They are taken away by their identity too.
	w.Destroy(t)
	for _, cluster := range []string{"east", "west"} {
		if pools := acctest.Ceph(t, cluster, "osd", "pool", "ls"); strings.Contains(pools, "identity") {
			t.Errorf("cluster %s still has %s", cluster, pools)
		}
	}
}

// A label that was left out while there was one cluster stays when there are more.
func TestAccLabelLeftOut(t *testing.T) {
	one := site{map[string]string{"west": "west"}, map[string]string{"kvm2": "kvm2"}}
	w := acctest.NewWorkspaceOf(t, one.block(t)+half("a", "", ""))
	w.Apply(t)
	untouched(t, func() {
		w.Write(t, both.block(t)+half("a", "", ""))
		w.ExpectEmptyPlan(t)
		w.Write(t, renamed.block(t)+half("a", "", ""))
		w.ExpectEmptyPlan(t)
	})
	w.Write(t, both.block(t)+half("a", "", "")+half("b", "", ""))
	refused(t, w, []string{`the provider block has several: "east", "west"`}, "plan")
	w.Write(t, both.block(t)+half("a", "", ""))
	w.Destroy(t)
}

func TestAccLabelLeadsElsewhere(t *testing.T) {
	bed := acctest.Bed(t)
	east, west := bed.Cluster("east"), bed.Cluster("west")
	kvm1, kvm2 := bed.Hypervisor("kvm1"), bed.Hypervisor("kvm2")
	w := acctest.NewWorkspaceOf(t, both.block(t)+half("a", "east", "kvm1"))
	w.Apply(t)

	cluster := fmt.Sprintf("The label \"east\" now leads to another cluster: its fsid is %s, and the object is remembered on %s."+
		" Nothing was read or written there.", west.FSID, east.FSID)
	host := fmt.Sprintf("The label \"kvm1\" now leads to another hypervisor: its host_uuid is %s, and the object is remembered on %s.",
		kvm2.UUID, kvm1.UUID)
	const unrefreshed = "-refresh=false"
	for name, tc := range map[string]struct {
		site     site
		says     string
		commands [][]string
	}{
		"cluster": {
			site{map[string]string{"east": "west"}, map[string]string{"kvm1": "kvm1"}},
			cluster,
			[][]string{{"plan"}, {"apply", "-auto-approve"}, {"apply", "-auto-approve", unrefreshed}, {"destroy", "-auto-approve"}},
		},
		"clusters exchanged": {
			site{swapped.clusters, both.hypervisors},
			cluster,
			[][]string{{"plan"}, {"apply", "-auto-approve"}, {"apply", "-auto-approve", unrefreshed}, {"destroy", "-auto-approve"}},
		},
		"hosts exchanged": {
			site{both.clusters, swapped.hypervisors},
			host,
			[][]string{
				{"plan", "-target=libvirt_ceph_secret.a"},
				{"apply", "-auto-approve", "-target=libvirt_ceph_secret.a"},
				{"destroy", "-auto-approve"},
			},
		},
		// Without a refresh the secret, which depends on the others, is what a destroy begins with.
		"all exchanged": {swapped, host, [][]string{{"destroy", "-auto-approve", unrefreshed, "-target=libvirt_ceph_secret.a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			untouched(t, func() {
				// Something changes, so that an apply has a reason to write.
				w.Write(t, tc.site.block(t)+strings.ReplaceAll(half("a", "east", "kvm1"), "8MiB", "16MiB"))
				for _, command := range tc.commands {
					refused(t, w, []string{tc.says}, command...)
				}
			})
		})
	}
	w.Write(t, both.block(t)+half("a", "east", "kvm1"))
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
}

// A host that was installed anew has another host_uuid and none of its secrets: it is taken for the same, with a warning.
func TestAccHostReinstalled(t *testing.T) {
	bed := acctest.Bed(t)
	kvm2 := bed.Hypervisor("kvm2")
	w := acctest.NewWorkspaceOf(t, both.block(t)+half("a", "east", "kvm2"))
	w.Apply(t)
	const installed = "11111111-2222-4333-8444-555555555555"
	reinstall(t, kvm2, installed)
	t.Cleanup(func() { reinstall(t, kvm2, kvm2.UUID) })
	out := w.Apply(t)
	if !acctest.Message("Hypervisor was reinstalled").MatchString(out) ||
		!acctest.Message(installed+" instead of "+kvm2.UUID).MatchString(out) {
		t.Errorf("no warning:\n%s", out)
	}
	if !strings.Contains(out, "1 added, 0 changed, 0 destroyed") || !strings.Contains(acctest.Virsh(t, "kvm2", "secret-list"),
		"client.identity@") {
		t.Errorf("the secret is not back:\n%s", out)
	}
	w.ExpectEmptyPlan(t)
	if out := w.Terraform(t, "plan", "-input=false"); strings.Contains(out, "reinstalled") {
		t.Errorf("the warning comes again:\n%s", out)
	}
	w.Destroy(t)
}

// reinstall gives a hypervisor another host_uuid and takes its secrets.
func reinstall(t *testing.T, h *testbed.Hypervisor, hostUUID string) {
	t.Helper()
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(acctest.Bed(t).Dir, h.Name, "config", "libvirt")
	file := filepath.Join(folder, "libvirtd.conf")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	content = regexp.MustCompile(`host_uuid = "[^"]*"`).ReplaceAll(content, []byte(fmt.Sprintf("host_uuid = %q", hostUUID)))
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(folder, "secrets")); err != nil {
		t.Fatal(err)
	}
	if err := h.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
}
