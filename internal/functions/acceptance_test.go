//go:build cgo

package functions_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{Clusters: []testbed.ClusterOptions{{Name: "east", Monitors: 3}}, Hypervisors: []string{}})
}

const requiredProviders = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
`

// client runs rbd and other programs of Ceph as a user whose keyring and monitors come only from the functions.
type client struct {
	user, keyring, monHost string
}

func newClient(t *testing.T, w *acctest.Workspace, user string) client {
	t.Helper()
	c := client{user: user, keyring: filepath.Join(t.TempDir(), "keyring"), monHost: w.Terraform(t, "output", "-raw", "mon_host")}
	if err := os.WriteFile(c.keyring, []byte(w.Terraform(t, "output", "-raw", user)), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c client) try(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	login := []string{"--conf", "/dev/null", "-m", c.monHost, "--id", c.user, "--keyring", c.keyring}
	out, err := exec.CommandContext(ctx, program, append(login, args...)...).CombinedOutput()
	return string(out), err
}

// refused matches the words of librbd and of the daemons. A command may succeed with them: rbd bench does when each write has failed.
var refused = regexp.MustCompile("Operation not permitted|Permission denied|not authorized")

// may fails the test when the command is refused.
func (c client) may(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := c.try(t, program, args...); err != nil || refused.MatchString(out) {
		t.Errorf("client.%s: %s %s: %v\n%.2000s", c.user, program, strings.Join(args, " "), err, out)
	}
}

// mayNot fails the test unless the command is refused because of missing capabilities.
func (c client) mayNot(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := c.try(t, program, args...); err == nil || !refused.MatchString(out) {
		t.Errorf("client.%s: %s %s is not refused: %v\n%.2000s", c.user, program, strings.Join(args, " "), err, out)
	}
}

// hasRBDSupport tells whether the manager could load its module rbd_support, which some builds of Ceph can't.
func hasRBDSupport(t *testing.T) bool {
	t.Helper()
	if _, err := acctest.Bed(t).Cluster("east").Ceph(t.Context(), "rbd", "task", "list"); err != nil {
		t.Logf("the manager has no rbd_support: %v", err)
		return false
	}
	return true
}

// TestAccRBDCaps creates users with the result of rbd_caps, and checks with rbd what each may do.
func TestAccRBDCaps(t *testing.T) {
	bed := acctest.Bed(t)
	const east = "east"
	for _, pool := range []string{"vms", "golden", "data", "odd pool"} {
		acctest.Ceph(t, east, "osd", "pool", "create", pool, "8")
		acctest.RBD(t, east, "pool", "init", pool)
		t.Cleanup(func() { acctest.Ceph(t, east, "osd", "pool", "delete", pool, pool, "--yes-i-really-really-mean-it") })
	}
	for _, namespace := range []string{"a", "b"} {
		acctest.RBD(t, east, "namespace", "create", "vms/"+namespace)
	}
	content := strings.Repeat("golden image of the test, 32 bytes", 1<<15)
	if _, err := bed.Cluster(east).RBDIn(t.Context(), content, "import", "-", "golden/base"); err != nil {
		t.Fatal(err)
	}
	for _, image := range []string{"vms/plain", "vms/b/disk", "data/other"} {
		acctest.RBD(t, east, "create", image, "--size", "8M")
	}
	acctest.RBD(t, east, "snap", "create", "golden/base@v1")
	acctest.RBD(t, east, "snap", "protect", "golden/base@v1")

	users := map[string]string{
		"backup":  `read_only_pools = ["golden", "vms"]`,
		"guests":  `pools = ["vms"], read_only_pools = toset(["golden"])`,
		"tenant":  `namespaces = { vms = toset(["a"]) }`,
		"stored":  `namespaces = { vms = ["a"] }, data_pools = ["data"]`,
		"erasure": `pools = ["vms"], data_pools = ["data"]`,
		"odd":     `pools = ["odd pool"]`,
	}
	configuration := requiredProviders + acctest.Provider(t) + `
data "ceph_cluster" "east" {}

output "mon_host" { value = provider::ceph::mon_host(data.ceph_cluster.east.monitors) }
`
	for user, access := range users {
		configuration += strings.NewReplacer("USER", user, "ACCESS", access).Replace(`
resource "ceph_user" "USER" {
  name = "USER"
  caps = provider::ceph::rbd_caps({ ACCESS })
}

output "USER" {
  value     = provider::ceph::keyring(ceph_user.USER.entity, ceph_user.USER.key)
  sensitive = true
}
`)
	}
	w := acctest.NewWorkspaceOf(t, configuration)
	w.Apply(t)
	defer w.Destroy(t)
	w.ExpectEmptyPlan(t)
	if listed := acctest.Ceph(t, east, "auth", "get", "client.stored"); !strings.Contains(listed,
		`caps osd = "profile rbd pool=data namespace=a, profile rbd pool=vms namespace=a"`) {
		t.Errorf("ceph auth get says %s", strings.Split(listed, "key")[0])
	}

	t.Run("a backup exports and can't write", func(t *testing.T) {
		backup, file := newClient(t, w, "backup"), filepath.Join(t.TempDir(), "base")
		backup.may(t, "rbd", "export", "golden/base", file)
		if exported, err := os.ReadFile(file); err != nil || string(exported) != content {
			t.Errorf("the export has %d bytes, %v", len(exported), err)
		}
		backup.may(t, "rbd", "export", "golden/base@v1", filepath.Join(t.TempDir(), "snapshot"))
		backup.may(t, "rbd", "ls", "vms")
		for _, change := range [][]string{
			{"bench", "--io-type", "write", "--io-total", "4M", "golden/base"},
			{"create", "--size", "8M", "golden/new"},
			{"snap", "create", "golden/base@v2"},
			{"snap", "unprotect", "golden/base@v1"},
			{"resize", "--size", "16M", "golden/base"},
			{"rm", "vms/plain"},
			{"rename", "vms/plain", "vms/renamed"},
			{"clone", "golden/base@v1", "vms/clone"},
			{"ls", "data"},
		} {
			backup.mayNot(t, "rbd", change...)
		}
		if hasRBDSupport(t) {
			backup.mayNot(t, "rbd", "trash", "purge", "schedule", "add", "--pool", "golden", "1d")
		}
		backup.mayNot(t, "rados", "-p", "golden", "create", "object")
		if got := acctest.RBD(t, east, "export", "golden/base", "-"); got != content {
			t.Error("the image has been written to")
		}
	})

	t.Run("clones of a parent that is only read", func(t *testing.T) {
		guests := newClient(t, w, "guests")
		for _, format := range []string{"1", "2"} {
			clone := "vms/clone" + format
			guests.may(t, "rbd", "clone", "--rbd-default-clone-format", format, "golden/base@v1", clone)
			file := filepath.Join(t.TempDir(), "clone")
			guests.may(t, "rbd", "export", clone, file)
			if exported, err := os.ReadFile(file); err != nil || string(exported) != content {
				t.Errorf("the clone has %d bytes, %v", len(exported), err)
			}
			guests.may(t, "rbd", "bench", "--io-type", "write", "--io-total", "1M", clone)
			guests.may(t, "rbd", "flatten", clone)
			guests.may(t, "rbd", "rm", clone)
		}
		guests.mayNot(t, "rbd", "bench", "--io-type", "write", "--io-total", "4M", "golden/base")
		guests.mayNot(t, "rbd", "create", "--size", "8M", "golden/new")
	})

	t.Run("a namespace and no other", func(t *testing.T) {
		tenant := newClient(t, w, "tenant")
		usesImage(t, tenant, "vms/a/disk")
		for _, image := range []string{"vms/b/disk", "vms/plain"} {
			tenant.mayNot(t, "rbd", "export", image, filepath.Join(t.TempDir(), "disk"))
			tenant.mayNot(t, "rbd", "bench", "--io-type", "write", "--io-total", "4M", image)
		}
		tenant.mayNot(t, "rbd", "create", "--size", "8M", "vms/b/new")
		if hasRBDSupport(t) {
			tenant.mayNot(t, "ceph", "rbd", "task", "add", "remove", "vms/b/disk")
		}
		tenant.mayNot(t, "rados", "-p", "data", "-N", "a", "create", "rbd_data.1")
	})

	t.Run("data in another pool", func(t *testing.T) {
		usesImage(t, newClient(t, w, "erasure"), "vms/stored", "--data-pool", "data")
		stored := newClient(t, w, "stored")
		usesImage(t, stored, "vms/a/stored", "--data-pool", "data")
		stored.may(t, "rados", "-p", "data", "-N", "a", "ls")
		for _, namespace := range []string{"", "b"} {
			stored.mayNot(t, "rados", "-p", "data", "-N", namespace, "create", "rbd_data.1")
		}
	})

	t.Run("a name that needs quotes", func(t *testing.T) { usesImage(t, newClient(t, w, "odd"), "odd pool/disk") })
}

// usesImage does with an image everything that a guest and its owner do.
func usesImage(t *testing.T, c client, image string, create ...string) {
	t.Helper()
	c.may(t, "rbd", append([]string{"create", "--size", "8M", image}, create...)...)
	c.may(t, "rbd", "bench", "--io-type", "write", "--io-total", "4M", image)
	c.may(t, "rbd", "resize", "--size", "16M", image)
	c.may(t, "rbd", "snap", "create", image+"@one")
	c.may(t, "rbd", "bench", "--io-type", "write", "--io-total", "4M", image)
	c.may(t, "rbd", "snap", "rollback", "--no-progress", image+"@one")
	c.may(t, "rbd", "snap", "rm", "--no-progress", image+"@one")
	if hasRBDSupport(t) {
		schedule := []string{"--pool", strings.Split(image, "/")[0], "1d"}
		if parts := strings.Split(image, "/"); len(parts) == 3 {
			schedule = append([]string{"--namespace", parts[1]}, schedule...)
		}
		for _, change := range []string{"add", "remove"} { // these commands go to the manager
			c.may(t, "rbd", append([]string{"trash", "purge", "schedule", change}, schedule...)...)
		}
	}
	c.may(t, "rbd", "rm", "--no-progress", image)
}

// TestAccFunctionErrors checks what Terraform shows of a refused argument: the call, the argument and the message.
func TestAccFunctionErrors(t *testing.T) {
	acctest.Bed(t)
	w := acctest.NewWorkspaceOf(t, requiredProviders)
	for call, words := range map[string][]string{
		`rbd_caps({ pools = ["vms"], pool = ["b"] })`: {`Invalid value for "what" parameter: "pool" is unknown here.`},
		`rbd_caps({ pools = "vms" })`:                 {`Invalid value for "what" parameter: pools is a string.`},
		`rbd_caps({})`:                                {`Invalid value for "what" parameter: No pool is named`},
		`rbd_caps(null)`:                              {`argument must not be null`},
		`mon_host([])`:                                {`Invalid value for "monitors" parameter: There is no monitor in it.`},
		`mon_host(null)`:                              {`argument must not be null`},
		`bytes("30GB")`:                               {`Invalid value for "size" parameter: "30GB" is not a size.`},
		`bytes(null)`:                                 {`argument must not be null`},
		`size(1.5)`:                                   {`Invalid value for "bytes" parameter: 1.5 is not a number of bytes.`},
		`size(null)`:                                  {`argument must not be null`},
		`keyring("libvirt", "x")`:                     {`Invalid value for "entity" parameter: This is not the full name of a user.`},
		`keyring("client.libvirt", "x")`:              {`Invalid value for "key" parameter: The value is not a cephx key.`},
	} {
		w.Write(t, requiredProviders+"output \"result\" {\n  value = provider::ceph::"+call+"\n}\n")
		out, err := w.Try(t, "validate", "-no-color")
		if err == nil {
			t.Errorf("%s is not refused", call)
		}
		for _, want := range append(words, call) {
			if !acctest.Message(want).MatchString(out) {
				t.Errorf("%s: %q is missing in\n%s", call, want, out)
			}
		}
	}
}

// TestAccFunctionMarks checks that the result for a sensitive or ephemeral value is sensitive or ephemeral too.
func TestAccFunctionMarks(t *testing.T) {
	acctest.Bed(t)
	w := acctest.NewWorkspaceOf(t, requiredProviders)
	w.Set(t, "text", "vms")
	w.Set(t, "key", key)
	output := "output \"result\" {\n  value = provider::ceph::CALL\n}\n"
	kept := "resource \"terraform_data\" \"kept\" {\n  input = provider::ceph::CALL\n}\n"
	for _, row := range []struct{ mark, configuration, terraform, tofu string }{
		{"sensitive", output, "Output refers to sensitive values", "Output refers to sensitive values"},
		{"ephemeral", output, "Ephemeral value not allowed", "Output does not allow ephemeral value"},
		{"ephemeral", kept, "Ephemeral values are not valid for \"input\"", "\".input\" is referencing an ephemeral value"},
	} {
		for _, call := range []string{
			`keyring("client.libvirt", var.key)`, `mon_host([var.text])`, `mon_host([{ v1 = { host = var.text, port = 6789 } }])`,
			`bytes("${length(var.text)}GiB")`, `size(length(var.text))`,
			`rbd_caps({ pools = [var.text] })`, `rbd_caps({ pools = ["a"], namespaces = { vms = [var.text] } })`,
		} {
			w.Write(t, requiredProviders+variables(row.mark)+strings.Replace(row.configuration, "CALL", call, 1))
			out, err := w.Try(t, "plan", "-input=false")
			if err == nil || !acctest.Message(row.terraform).MatchString(out) && !acctest.Message(row.tofu).MatchString(out) {
				t.Errorf("%s of a value that is %s: want it refused: %s, got %v\n%s", call, row.mark, row.terraform, err, out)
			}
		}
	}
}

// TestAccFunctionsInAnApply creates a user from values that are known only during the apply: a pool's name, and an ephemeral key that a
// function passes to a write-only argument.
func TestAccFunctionsInAnApply(t *testing.T) {
	configuration := requiredProviders + acctest.Provider(t) + variables("ephemeral") + `
resource "terraform_data" "pool" {
  input = "vms"
}

resource "ceph_user" "chosen" {
  name           = "chosen"
  caps           = provider::ceph::rbd_caps({ pools = [terraform_data.pool.output] })
  key_wo         = regex("key = (\\S+)", provider::ceph::keyring("client.chosen", var.key))[0]
  key_wo_version = "1"
}
`
	w := acctest.NewWorkspaceOf(t, strings.Replace(configuration, "{ pools", "{ pool", 1))
	w.Set(t, "text", "vms")
	w.Set(t, "key", key)
	if out, err := w.Try(t, "plan", "-input=false"); err == nil || !acctest.Message(`"pool" is unknown here.`).MatchString(out) {
		t.Errorf("a wrong name beside what is unknown: %v\n%s", err, out)
	}
	w.Write(t, configuration)
	w.Apply(t)
	defer w.Destroy(t)
	w.ExpectEmptyPlan(t)
	if listed := acctest.Ceph(t, "east", "auth", "get", "client.chosen"); !strings.Contains(listed, `caps osd = "profile rbd pool=vms"`) {
		t.Error("ceph auth get shows other caps")
	}
	if acctest.Ceph(t, "east", "auth", "print-key", "client.chosen") != key {
		t.Error("ceph auth print-key prints another key")
	}
	if form := acctest.FindKey(w.State(t), key); form != "" {
		t.Errorf("the state holds the key %s", form)
	}
}

// variables are declared with a mark.
func variables(mark string) string {
	return strings.ReplaceAll(`
variable "text" {
  type = string
  MARK = true
}

variable "key" {
  type = string
  MARK = true
}

`, "MARK", mark)
}
