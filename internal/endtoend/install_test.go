//go:build cgo

package endtoend_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/terraformcli"
)

// TestAccInstallProvider does what the README says about one's own clusters: make install-provider, its configuration in an empty
// folder, init and plan. The home folder is empty, there is no command-line configuration, and no network answers.
func TestAccInstallProvider(t *testing.T) {
	bed := acctest.Bed(t)
	east := bed.Cluster("east")
	configuration := strings.NewReplacer(
		"/etc/ceph/ceph.conf", east.ConfigFile, "/etc/ceph/ceph.client.admin.keyring", east.KeyringFile,
		"qemu+ssh://root@kvm1.example.net/system", bed.Hypervisor("kvm1").URI,
	).Replace(ownClusters(t))

	for _, name := range []string{"terraform", "tofu"} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skipf("%s is not on PATH", name)
			}
			home, folder := t.TempDir(), t.TempDir()
			binary := filepath.Join(t.TempDir(), "terraform-provider-ceph")
			makeTarget := makeAt(t, home)
			makeTarget("install-provider", "BINARY="+binary)
			if err := os.WriteFile(filepath.Join(folder, "main.tf"), []byte(configuration), 0o600); err != nil {
				t.Fatal(err)
			}
			run := func(args ...string) string {
				t.Helper()
				command := exec.CommandContext(t.Context(), name, args...)
				command.Dir = folder
				command.Env = []string{
					"HOME=" + home, "PATH=" + os.Getenv("PATH"), "CHECKPOINT_DISABLE=1", "TF_LOG_PROVIDER=INFO",
					"HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1", // nobody listens there
				}
				out, err := command.CombinedOutput()
				if err != nil {
					t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
				}
				return string(out)
			}
			run("init", "-input=false", "-no-color")
			plan := run("plan", "-input=false", "-no-color")
			if !strings.Contains(plan, east.FSID) || !strings.Contains(plan, "without changing any real infrastructure") {
				t.Errorf("the plan does not show the fsid %s alone:\n%s", east.FSID, plan)
			}
			first := providerVersion(t, run("version"))
			if line := "terraform-provider-ceph " + first; !strings.Contains(plan, line) {
				t.Errorf("the log does not show the version that was built, %q:\n%s", line, plan)
			}

			// A working folder keeps the version that it has until init -upgrade.
			t.Setenv("HOME", home)
			if _, err := terraformcli.Install(binary, "0.1.0"); err != nil {
				t.Fatal(err)
			}
			run("plan", "-input=false", "-no-color")
			if got := providerVersion(t, run("version")); got != first {
				t.Errorf("version %s became %s by itself", first, got)
			}
			run("init", "-input=false", "-no-color", "-upgrade")
			run("plan", "-input=false", "-no-color")
			if got := providerVersion(t, run("version")); got != "0.1.0" {
				t.Errorf("init -upgrade has taken version %s", got)
			}

			makeTarget("uninstall-provider")
			if left, err := filepath.Glob(filepath.Join(home, ".terraform.d", "plugins", "*", "ceph-libvirt", "ceph")); err != nil || len(left) > 0 {
				t.Errorf("uninstall-provider has left %q, %v", left, err)
			}
		})
	}
}

// ownClusters is the configuration that the README and the first page of the documentation show for a first plan.
func ownClusters(t *testing.T) string {
	t.Helper()
	block := regexp.MustCompile("(?s)## Use it with your own clusters\n.*?```(?:hcl|terraform)\n(.*?)```")
	var shown []string
	for _, page := range []string{"README.md", "docs/index.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", page))
		if err != nil {
			t.Fatal(err)
		}
		found := block.FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s does not say how to use the provider with one's own clusters", page)
		}
		shown = append(shown, string(found[1]))
	}
	if shown[0] != shown[1] {
		t.Errorf("README.md and docs/index.md show different configurations:\n%s\n%s", shown[0], shown[1])
	}
	return shown[0]
}

// makeAt returns a function that runs make for a user with that home folder. Go's own folders stay those of the caller, since
// everything would be downloaded and built again otherwise. The headers of a release's build are not the user's.
func makeAt(t *testing.T, home string) func(args ...string) {
	t.Helper()
	folders, err := exec.CommandContext(t.Context(), "go", "env", "GOPATH", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(folders), "\n")
	return func(args ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), "make", args...)
		command.Dir = filepath.Join("..", "..")
		command.Env = append(os.Environ(), "MAKEFLAGS=", "CGO_CFLAGS=", "HOME="+home,
			"GOPATH="+lines[0], "GOCACHE="+lines[1], "GOMODCACHE="+lines[2])
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("make %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// providerVersion returns the provider's version from the output of terraform version or tofu version.
func providerVersion(t *testing.T, told string) string {
	t.Helper()
	found := regexp.MustCompile(`/ceph-libvirt/ceph v(\S+)`).FindStringSubmatch(told)
	if found == nil {
		t.Fatalf("no version of the provider in: %s", told)
	}
	return found[1]
}
