package transport

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func parsed(t *testing.T, uri string) Endpoint {
	t.Helper()
	e, err := Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheLocalSocketIsLookedFor(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	end := parsed(t, "qemu:///session")
	folder := filepath.Join(dir, "libvirt")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ made, want string }{
		{"", "libvirt-sock"}, {"virtqemud-sock", "virtqemud-sock"}, {"libvirt-sock", "libvirt-sock"},
	} {
		if step.made != "" {
			if err := os.WriteFile(filepath.Join(folder, step.made), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := end.localSocket(); got != filepath.Join(folder, step.want) {
			t.Errorf("after %q: %s", step.made, got)
		}
	}
}

func TestTheHomeFolder(t *testing.T) {
	t.Setenv("HOME", "/home/somebody")
	if got := homePath(".ssh", "id_rsa"); got != "/home/somebody/.ssh/id_rsa" {
		t.Error(got)
	}
	// A service without HOME still has an account.
	t.Setenv("HOME", "")
	if got := homePath(".ssh"); got == "" || strings.HasPrefix(got, "/home/somebody") {
		t.Errorf("without HOME it is %q", got)
	}
}
