//go:build cgo

package endtoend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-version"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// addedAfterImport are the arguments of the pages' examples that only Terraform stores, sorted with what is told anew when they are added.
var addedAfterImport = map[string][]string{
	"ceph_user":             {"key", "key_in_state"},
	"libvirt_ceph_secret":   {"key", "key_fingerprint", "key_wo_version"},
	"libvirt_rbd_disk":      {"image_id", "live", "monitors_stale", "pending_restart", "size"},
	"libvirt_volume_secret": {"passphrase_wo_version"},
}

// pageImports is what the page of a resource says of its import: the files with a block, and the command.
type pageImports struct {
	blocks  map[string]string // by form
	command []string          // without the word terraform
	address string
}

const byStringID, byIdentity = "import-by-string-id.tf", "import-by-identity.tf"

// importsOfPages reads the imports of all resources, by type.
func importsOfPages(t *testing.T) map[string]pageImports {
	t.Helper()
	root := filepath.Join("..", "..", "examples", "resources")
	folders, err := os.ReadDir(root)
	if err != nil || len(folders) == 0 {
		t.Fatalf("no examples in %s: %v", root, err)
	}
	found := map[string]pageImports{}
	for _, folder := range folders {
		kind := folder.Name()
		imports := pageImports{blocks: map[string]string{}}
		for _, form := range []string{byStringID, byIdentity} {
			imports.blocks[form] = exampleFile(t, filepath.Join(root, kind, form))
		}
		for line := range strings.Lines(exampleFile(t, filepath.Join(root, kind, "import.sh"))) {
			if command, ok := strings.CutPrefix(line, "terraform "); ok {
				imports.command = strings.Fields(command)
			}
		}
		if len(imports.command) != 3 || !strings.HasPrefix(imports.command[1], kind+".") {
			t.Fatalf("import.sh of %s: %q", kind, imports.command)
		}
		imports.address = imports.command[1]
		found[kind] = imports
	}
	return found
}

func exampleFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// exampleBlock is a block of an example, with what it is of and its name.
var exampleBlock = regexp.MustCompile(`(?ms)^((?:resource|variable) [^{]*)\{\n.*?^\}\n`)

// oneOfEach returns the first example of each page as one configuration. What several pages have is in it once. The secrets get the UUIDs
// that the pages import.
func oneOfEach(t *testing.T, imports map[string]pageImports) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "resources", "*", "resource.tf"))
	if err != nil || len(files) != len(imports) {
		t.Fatalf("%d examples for %d types: %v", len(files), len(imports), err)
	}
	var all strings.Builder
	seen := map[string]bool{}
	for _, name := range files {
		for _, block := range exampleBlock.FindAllStringSubmatch(exampleFile(t, name), -1) {
			if !seen[block[1]] {
				seen[block[1]] = true
				all.WriteString(block[0])
			}
		}
	}
	text := all.String()
	for _, kind := range []string{"libvirt_ceph_secret", "libvirt_volume_secret"} {
		words := imports[kind]
		_, label, _ := strings.Cut(words.address, ".")
		head := fmt.Sprintf("resource %q %q {\n", kind, label)
		if !strings.Contains(text, head) {
			t.Fatalf("no %sin\n%s", head, text)
		}
		text = strings.Replace(text, head, head+fmt.Sprintf("  uuid = %q\n", path.Base(words.command[2])), 1)
	}
	return text
}

// TestAccImports imports one object of each type as its page says. The plan after it is empty but for what only Terraform stores.
func TestAccImports(t *testing.T) { testImports(t) }

func testImports(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	definedGuest(ctx, t, acctest.Bed(t).Hypervisor("kvm1"), testbed.GuestOptions{Name: "centos80"})
	makeClassSSD(t)
	before := inventory(t)
	imports := importsOfPages(t)
	w := workspaceOfPages(t, oneOfEach(t, imports))
	w.Apply(t)
	remove := []string{"state", "rm"}
	for _, words := range imports {
		remove = append(remove, words.address)
	}
	forget := func(t *testing.T) {
		t.Helper()
		state := filepath.Join(w.Dir, "terraform.tfstate")
		content, err := os.ReadFile(state)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if !t.Failed() {
				return
			}
			// Otherwise nothing would be destroyed in the end.
			if err := os.WriteFile(state, content, 0o600); err != nil {
				t.Error(err)
			}
		})
		w.Terraform(t, remove...)
	}
	for _, form := range []string{byStringID, byIdentity} {
		t.Run(form, func(t *testing.T) {
			if form == byIdentity {
				skipBelow(t, w, "1.12.0")
			}
			forget(t)
			var blocks strings.Builder
			for _, words := range imports {
				blocks.WriteString(words.blocks[form])
			}
			file := filepath.Join(w.Dir, "imports.tf")
			if err := os.WriteFile(file, []byte(blocks.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := os.Remove(file); err != nil {
					t.Error(err)
				}
			})
			w.Terraform(t, "plan", "-input=false", "-out=tfplan")
			expectAddedAfterImport(t, w, imports, true)
			w.Terraform(t, "apply", "-input=false", "tfplan")
			w.ExpectEmptyPlan(t)
		})
	}
	t.Run("import.sh", func(t *testing.T) {
		forget(t)
		for _, words := range imports {
			w.Terraform(t, append([]string{words.command[0], "-input=false"}, words.command[1:]...)...)
		}
		w.Terraform(t, "plan", "-input=false", "-out=tfplan")
		expectAddedAfterImport(t, w, imports, false)
	})
	w.Destroy(t)
	expectInventory(t, before)
}

// expectAddedAfterImport fails the test unless the plan changes exactly what only Terraform stores. One that is to import imports all.
func expectAddedAfterImport(t *testing.T, w *acctest.Workspace, imports map[string]pageImports, byPlan bool) {
	t.Helper()
	var plan struct {
		Changes []struct {
			Address, Type string
			Change        struct {
				Actions       []string
				Before, After map[string]any
				Unknown       map[string]any  `json:"after_unknown"`
				Importing     json.RawMessage // null where it isn't imported
			}
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(w.Terraform(t, "show", "-json", "tfplan")), &plan); err != nil {
		t.Fatal(err)
	}
	planned := 0
	for _, r := range plan.Changes {
		page := r.Address == imports[r.Type].address
		if page {
			planned++
		}
		if imported := r.Change.Importing != nil; imported != (page && byPlan) {
			t.Errorf("%s is imported by the plan: %v", r.Address, imported)
		}
		var added []string
		for name, after := range r.Change.After {
			if !reflect.DeepEqual(after, r.Change.Before[name]) {
				added = append(added, name)
			}
		}
		for name, unknown := range r.Change.Unknown {
			if unknown == true {
				added = append(added, name)
			}
		}
		slices.Sort(added)
		var want []string
		action := "no-op"
		if page && addedAfterImport[r.Type] != nil {
			want, action = addedAfterImport[r.Type], "update"
		}
		if !slices.Equal(added, want) || !slices.Equal(r.Change.Actions, []string{action}) {
			t.Errorf("the plan after the import of %s: %q of %q; want %q of %q", r.Address, r.Change.Actions, added, action, want)
		}
	}
	if planned != len(imports) {
		t.Errorf("the plan has %d of %d that were to be imported", planned, len(imports))
	}
}

// skipBelow skips a test of what an older Terraform or OpenTofu does not have.
func skipBelow(t *testing.T, w *acctest.Workspace, least string) {
	t.Helper()
	var told struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal([]byte(w.Terraform(t, "version", "-json")), &told); err != nil {
		t.Fatal(err)
	}
	if version.Must(version.NewVersion(told.Version)).LessThan(version.Must(version.NewVersion(least))) {
		t.Skipf("needs Terraform %s, and this one is %s", least, told.Version)
	}
}
