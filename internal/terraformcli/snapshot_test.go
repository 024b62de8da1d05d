package terraformcli

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var (
	snapshotFiles   = flag.String("files", "", "the folder of the files of a release that make release-snapshot has made")
	snapshotMirror  = flag.String("mirror", "", "the filesystem mirror with them")
	snapshotVersion = flag.String("version", "", "the version of the provider in it")
)

// A configuration that needs no Ceph. Nobody listens at the hypervisor's address.
const onlyLibvirt = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}

provider "ceph" {
  hypervisors = { kvm1 = { uri = "qemu+tcp://127.0.0.1:1/system", allow_plaintext = true } }
}

data "libvirt_domain" "guest" {
  provider = ceph
  name     = "guest"
}
`

// TestSnapshot does what the guide of upgrades says, in an empty folder each: init from a filesystem mirror of the files of a release, and
// from one that providers mirror has made, which takes them from a registry: here from one that offers this release alone.
func TestSnapshot(t *testing.T) {
	if *snapshotMirror == "" {
		t.Skip("make release-snapshot runs this test")
	}
	for i, name := range []string{"terraform", "tofu"} {
		t.Run(name, func(t *testing.T) {
			path, err := exec.LookPath(name)
			if err != nil {
				t.Skipf("%s is not on PATH", name)
			}
			mirror := shownInstallation(t, "/srv/terraform/mirror", *snapshotMirror)
			run := initWith(t, path, mirror)
			if told := run(true, "version"); !strings.Contains(told, hosts[i]+"/ceph-libvirt/ceph v"+*snapshotVersion) {
				t.Errorf("want version %s: %s", *snapshotVersion, told)
			}
			if schema := run(true, "providers", "schema", "-json"); !strings.Contains(schema, `"libvirt_rbd_disk"`) {
				t.Errorf("the schema lacks libvirt_rbd_disk: %s", schema)
			}
			line := "terraform-provider-ceph " + *snapshotVersion
			if plan := run(false, "plan", "-input=false", "-no-color"); !strings.Contains(plan, line) || !strings.Contains(plan, "refused") {
				t.Errorf("want a log with %q, and an error of a refused connection:\n%s", line, plan)
			}

			copied, registry := t.TempDir(), serveRelease(t)
			origin := fmt.Sprintf("host %q {\n  services = { \"providers.v1\" = \"%s/\" }\n}\n", hosts[i], registry)
			initWith(t, path, origin)(true, "providers", "mirror", "-platform=linux_amd64", "-platform=linux_arm64", copied)
			initWith(t, path, strings.ReplaceAll(mirror, *snapshotMirror, copied))
		})
	}
}

// serveRelease starts a registry that has the files of the release, and no others. Its client checks the sums and their signature.
func serveRelease(t *testing.T) (url string) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(*snapshotFiles, "key.asc"))
	if err != nil {
		t.Fatal(err)
	}
	sums := "files/terraform-provider-ceph_" + *snapshotVersion + "_SHA256SUMS"
	answer := func(w http.ResponseWriter, value any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(value); err != nil {
			t.Error(err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /files/", http.StripPrefix("/files/", http.FileServer(http.Dir(*snapshotFiles))))
	mux.HandleFunc("GET /ceph-libvirt/ceph/versions", func(w http.ResponseWriter, _ *http.Request) {
		platforms := []map[string]string{{"os": "linux", "arch": "amd64"}, {"os": "linux", "arch": "arm64"}}
		answer(w, map[string]any{"versions": []any{
			map[string]any{"version": *snapshotVersion, "protocols": []string{"6.0"}, "platforms": platforms},
		}})
	})
	mux.HandleFunc("GET /ceph-libvirt/ceph/{version}/download/{os}/{arch}", func(w http.ResponseWriter, r *http.Request) {
		name := fmt.Sprintf("terraform-provider-ceph_%s_%s_%s.zip", *snapshotVersion, r.PathValue("os"), r.PathValue("arch"))
		content, err := os.ReadFile(filepath.Join(*snapshotFiles, name))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		answer(w, map[string]any{
			"protocols": []string{"6.0"}, "os": r.PathValue("os"), "arch": r.PathValue("arch"), "filename": name,
			"download_url": "/files/" + name, "shasums_url": "/" + sums, "shasums_signature_url": "/" + sums + ".sig",
			"shasum":       fmt.Sprintf("%x", sha256.Sum256(content)),
			"signing_keys": map[string]any{"gpg_public_keys": []any{map[string]string{"ascii_armor": string(key)}}},
		})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// initWith initializes an empty folder with a command-line configuration, and returns a function that runs a command there, which has to
// end as told.
func initWith(t *testing.T, path, text string) func(succeeds bool, args ...string) string {
	t.Helper()
	folder := t.TempDir()
	config := filepath.Join(folder, "cli.rc")
	for name, content := range map[string]string{config: text, filepath.Join(folder, "main.tf"): onlyLibvirt} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(succeeds bool, args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), path, args...)
		command.Dir = folder
		command.Env = append(Env(config), "CHECKPOINT_DISABLE=1", "TF_LOG_PROVIDER=INFO")
		out, err := command.CombinedOutput()
		if (err == nil) != succeeds {
			t.Fatalf("%s %s: %v\n%s", filepath.Base(path), strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run(true, "init", "-input=false", "-no-color")
	return run
}
