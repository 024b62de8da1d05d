package terraformcli

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// command puts an executable of that name and output on an otherwise empty PATH.
func command(t *testing.T, name, output string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	script := "#!/bin/sh\n/bin/cat <<'EOF'\n" + output + "\nEOF\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("TF_ACC_TERRAFORM_PATH", "")
	return path
}

func TestFindTakesWhatIsOnPath(t *testing.T) {
	for _, name := range []string{"terraform", "tofu"} {
		path := command(t, name, `{"terraform_version":"1.11.4"}`)
		if got, err := Find(t.Context(), t.TempDir()); err != nil || got != path {
			t.Errorf("got %q, %v, want %q", got, err, path)
		}
	}
}

func TestFindTellsWhyItPassedOneOver(t *testing.T) {
	path := command(t, "tofu", `{"terraform_version":"1.6.3"}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // so that nothing is fetched
	if _, err := Find(ctx, t.TempDir()); err == nil {
		t.Fatal("an OpenTofu that can't run the examples was accepted")
	}
	if tofu := unfit(t.Context(), "tofu", path); !strings.Contains(tofu, "1.6.3") || !strings.Contains(tofu, "1.11.0") {
		t.Errorf("the reason does not name both versions: %q", tofu)
	}
}

func TestFindKeepsWhatWasFetched(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("TF_ACC_TERRAFORM_PATH", "")
	dir := t.TempDir()
	path := filepath.Join(dir, "terraform-"+Pinned, "terraform")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(dir))
	for _, dir := range []string{dir, filepath.Base(dir)} {
		if got, err := Find(t.Context(), dir); err != nil || got != path {
			t.Errorf("got %q, %v, want %q", got, err, path)
		}
	}
}

func TestEnvDropsWhatSteersTerraform(t *testing.T) {
	t.Setenv("TF_CLI_ARGS_apply", "-auto-approve")
	t.Setenv("TF_LOG", "TRACE")
	t.Setenv("TF_VAR_domain", "centos80")
	env := Env("/some/terraform.rc")
	for _, entry := range []string{"TF_CLI_ARGS_apply=-auto-approve", "TF_LOG=TRACE"} {
		if slices.Contains(env, entry) {
			t.Errorf("%s of the caller reaches Terraform", entry)
		}
	}
	for _, entry := range []string{"TF_VAR_domain=centos80", "TF_CLI_CONFIG_FILE=/some/terraform.rc"} {
		if !slices.Contains(env, entry) {
			t.Errorf("%s is missing", entry)
		}
	}
}

func TestMirrorLayout(t *testing.T) {
	dir, binary := t.TempDir(), filepath.Join(t.TempDir(), "built")
	for _, content := range []string{"first build", "second build"} {
		if err := os.WriteFile(binary, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := Mirror(dir, binary)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(config)
		if err != nil || strings.Contains(string(text), "direct") || !strings.Contains(string(text), filepath.Join(dir, "mirror")) {
			t.Errorf("the configuration must know the mirror and nothing else (%v): %s", err, text)
		}
		for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
			path := filepath.Join(dir, "mirror", host, "ceph-libvirt", "ceph", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH,
				"terraform-provider-ceph_v0.0.1")
			if got, err := os.ReadFile(path); err != nil || string(got) != content {
				t.Errorf("%s holds %q, %v; want %q", path, got, err, content)
			}
		}
	}
	if _, err := Mirror(dir, filepath.Join(dir, "missing")); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("a missing binary must be told with its cure: %v", err)
	}
}

func TestInstallKeepsOtherVersionsAndUninstallTakesAll(t *testing.T) {
	home, binary := t.TempDir(), filepath.Join(t.TempDir(), "built")
	t.Setenv("HOME", home)
	foreign := filepath.Join(home, ".terraform.d", "plugins", "registry.terraform.io", "ceph-libvirt", "other", "file")
	if err := os.MkdirAll(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"0.0.1", "0.0.2"} {
		if err := os.WriteFile(binary, []byte(version), 0o600); err != nil {
			t.Fatal(err)
		}
		if folder, err := Install(binary, version); err != nil || folder != filepath.Join(home, ".terraform.d", "plugins") {
			t.Fatalf("got %q, %v", folder, err)
		}
	}
	installed := func() []string {
		found, err := filepath.Glob(filepath.Join(home, ".terraform.d", "plugins", "*", "ceph-libvirt", "ceph", "*", "*",
			"terraform-provider-ceph_v0.0.[12]"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := installed(); len(found) != 4 {
		t.Errorf("want two versions for each of two hosts, found %q", found)
	}
	if _, err := Uninstall(); err != nil {
		t.Fatal(err)
	}
	if found := installed(); len(found) != 0 {
		t.Errorf("left: %q", found)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("somebody else's provider is gone: %v", err)
	}
}
