//go:build cgo && stubs

package endtoend_test

import (
	"debug/elf"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// released is a flag: the folder in which make build-release has left the binaries (make test-release).
var released = flag.String("released", "", "run the binaries of a release that are in this folder")

// newestGlibc is the newest release of glibc that a binary may need: that of the oldest systems which it runs on, RHEL 9 among them.
const newestGlibc = "2.34"

// expectLibcAlone fails the test when a binary needs another library than libc, or a newer libc than newestGlibc, to start.
func expectLibcAlone(t *testing.T, binary string) {
	t.Helper()
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	libraries, err := file.ImportedLibraries()
	if err != nil || !slices.Equal(libraries, []string{"libc.so.6"}) {
		t.Errorf("%s needs %q, %v", binary, libraries, err)
	}
	symbols, err := file.DynamicSymbols()
	if err != nil || len(symbols) == 0 {
		t.Fatalf("%s has the dynamic symbols %v, %v", binary, symbols, err)
	}
	newest := version.Must(version.NewVersion(newestGlibc))
	for _, symbol := range symbols {
		if strings.HasPrefix(symbol.Name, "rados_") || strings.HasPrefix(symbol.Name, "rbd_") {
			t.Errorf("%s has the dynamic symbol %s, which librbd would take instead of its own", binary, symbol.Name)
		}
		release, found := strings.CutPrefix(symbol.Version, "GLIBC_")
		if found && version.Must(version.NewVersion(release)).GreaterThan(newest) {
			t.Errorf("%s needs %s of %s", binary, symbol.Name, symbol.Version)
		}
	}
}

// startedBy returns a program that starts the provider by a line of shell.
func startedBy(t *testing.T, line string) string {
	t.Helper()
	launcher := filepath.Join(t.TempDir(), "terraform-provider-ceph")
	if err := os.WriteFile(launcher, []byte("#!/bin/sh\n"+line+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return launcher
}

// whatToInstall are the words of an error where there is no librados.
var whatToInstall = []string{
	"Ceph's client library librados.so.2 can't be loaded on this machine", "Debian and Ubuntu: apt-get install librados2 librbd1.",
	"RHEL and Fedora: dnf install librados2 librbd1.", "librados.so.2: cannot open shared object file: No such file or directory",
}

// The provider runs where the folder of the libraries holds libc and nothing else. What only needs libvirt works.
func TestAccWithoutCephLibraries(t *testing.T) {
	bed := acctest.Bed(t)
	const libraries = "/usr/lib/x86_64-linux-gnu"
	binary, bare := acctest.Binary(t), t.TempDir()
	expectLibcAlone(t, binary)
	for _, name := range []string{"libc.so.6", "ld-linux-x86-64.so.2"} {
		content, err := os.ReadFile(filepath.Join(libraries, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bare, name), content, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// The shell and mount are loaded already when the folder is covered, for the provider alone.
	program := startedBy(t, fmt.Sprintf(`exec unshare --mount sh -c 'mount --bind %s %s; exec %s'`, bare, libraries, binary))

	secret := fmt.Sprintf(`
resource "libvirt_ceph_secret" "without" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "without libraries"
  key        = %q
}
`, bed.Cluster("east").AdminKey)
	w := acctest.NewWorkspaceStarting(t, program, both.block(t)+secret)
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	secretWith(t, "kvm1", "without libraries")
	w.Write(t, both.block(t)+secret+`
resource "ceph_pool" "without" {
  cluster = "east"
  name    = "without"
}
`)
	expectRefused(t, w, append([]string{"ceph_pool.without"}, whatToInstall...), "apply", "-auto-approve")
	if pools := acctest.Ceph(t, "east", "osd", "pool", "ls"); strings.Contains(pools, "without") {
		t.Errorf("the cluster has the pools %s", pools)
	}
	w.Write(t, both.block(t)+secret)
	w.Destroy(t)
	if secrets := acctest.Virsh(t, "kvm1", "secret-list"); strings.Contains(secrets, "without libraries") {
		t.Errorf("destroy has left the secret:\n%s", secrets)
	}
}

// clientLibraries are the libraries of Ceph with which the binaries of a release are run.
var clientLibraries = map[string]struct {
	suite        testbed.Suite // none for those of this machine
	emulator     string        // of the architecture
	libc, loader string        // of the architecture: the folder in the suite, and its file
}{
	"linux_amd64 with those of this machine":  {},
	"linux_amd64 with those of Debian trixie": {testbed.Suite{Name: "trixie"}, "", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"},
	"linux_amd64 with those of Debian forky":  {testbed.Suite{Name: "forky"}, "", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"},
	"linux_arm64 with those of Debian trixie": {
		testbed.Suite{Name: "trixie", Architecture: "arm64"}, "qemu-aarch64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1",
	},
}

// TestAccRelease runs the binaries of a release, that of arm64 in an emulator, with the libraries of several releases of Ceph on one
// cluster, and without any.
func TestAccRelease(t *testing.T) {
	if *released == "" {
		t.Skip("make test-release runs this test")
	}
	acctest.Bed(t)
	folder, err := filepath.Abs(filepath.Join("..", "..", *released))
	if err != nil {
		t.Fatal(err)
	}
	arm64 := filepath.Join(folder, "linux_arm64", "terraform-provider-ceph")
	expectLibcAlone(t, arm64)
	expectLibcAlone(t, filepath.Join(folder, "linux_amd64", "terraform-provider-ceph"))
	configuration := both.block(t) + resourcesFor("a", "east", "kvm1")

	// The folder is that of package libc6-arm64-cross.
	w := acctest.NewWorkspaceStarting(t, startedBy(t, "exec qemu-aarch64 -L /usr/aarch64-linux-gnu "+arm64), configuration)
	if schema := w.Terraform(t, "providers", "schema", "-json"); !strings.Contains(schema, `"ceph_rbd_image"`) {
		t.Errorf("the binary for arm64 serves the schema\n%s", schema)
	}
	if out, err := w.Try(t, "apply", "-auto-approve", "-input=false"); err == nil || !acctest.Message(whatToInstall[0]).MatchString(out) {
		t.Errorf("the binary for arm64 says, without librados: %v\n%s", err, out)
	}

	for name, with := range clientLibraries {
		t.Run(name, func(t *testing.T) {
			platform, _, _ := strings.Cut(name, " ")
			command := filepath.Join(folder, platform, "terraform-provider-ceph")
			log := filepath.Join(t.TempDir(), "loaded")
			loaded := "/librados.so.2"
			if with.loader != "" {
				tree, err := with.suite.Unpack(t.Context(), "ceph-clients", []string{"librados2", "librbd1"}, true)
				if err != nil {
					t.Fatal(err)
				}
				libraries := filepath.Join(tree, "usr", "lib", with.libc)
				loaded = libraries + loaded
				// The other libc is loaded too, as on a machine of that release.
				command = fmt.Sprintf("%s/%s --library-path %[1]s:%[1]s/ceph %[3]s", libraries, with.loader, command)
			}
			if with.emulator != "" {
				command = with.emulator + " " + command
			}
			w := acctest.NewWorkspaceStarting(t, startedBy(t, fmt.Sprintf("LD_DEBUG=files LD_DEBUG_OUTPUT=%s exec %s", log, command)), configuration)
			w.Apply(t)
			w.ExpectEmptyPlan(t)
			if size := acctest.RBD(t, "east", "info", "identity/data", "--format", "json"); !strings.Contains(size, `"size":8388608`) {
				t.Errorf("rbd info: %s", size)
			}
			key := acctest.Ceph(t, "east", "auth", "print-key", "client.identity")
			if value := acctest.Virsh(t, "kvm1", "secret-get-value", secretWith(t, "kvm1", "client.identity@")); value != key {
				t.Error("the secret has another key than the user")
			}
			expectLoaded(t, log, loaded)
			w.Destroy(t)
			if pools := acctest.Ceph(t, "east", "osd", "pool", "ls"); strings.Contains(pools, "identity") {
				t.Errorf("destroy has left the pools %s", pools)
			}
		})
	}
}

// expectLoaded fails the test when the logs of the dynamic linker don't tell that a library was initialised.
func expectLoaded(t *testing.T, log, library string) {
	t.Helper()
	logs, err := filepath.Glob(log + ".*")
	if err != nil || len(logs) == 0 {
		t.Fatalf("the dynamic linker has written no log: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), "grep", append([]string{"-h", "calling init: .*" + library}, logs...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%s was not loaded: %v\n%s", library, err, out)
	}
}
