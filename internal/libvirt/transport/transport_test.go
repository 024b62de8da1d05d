package transport

import (
	"net/url"
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

// A folder that can't be looked into has no certificates, as for libvirt: that of the host's own keys may be closed to the user.
func TestCertificatesInAClosedFolder(t *testing.T) {
	closed, folder := filepath.Join(t.TempDir(), "closed"), t.TempDir()
	// Nobody can look into a file, not even root.
	for _, file := range []string{closed, filepath.Join(folder, caFile)} {
		if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	content, path, err := firstFile([]string{closed, folder}, caFile)
	if err != nil || string(content) != "content" || path != filepath.Join(folder, caFile) {
		t.Errorf("%q from %s, %v", content, path, err)
	}
	if _, path, err := firstFile([]string{closed}, caFile); err != nil || path != "" {
		t.Errorf("%s, %v", path, err)
	}
	if err := os.Mkdir(filepath.Join(folder, revocationFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := firstFile([]string{folder}, revocationFile); err == nil {
		t.Error("a file that is there and can't be read is left out")
	}
}

// Escaped is a word as the value of a parameter, in which a plus sign would be itself.
func Escaped(word string) string { return strings.ReplaceAll(url.QueryEscape(word), "+", "%20") }
