//go:build cgo

package acctest

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Write replaces the configuration of a workspace that [NewWorkspaceOf] made.
func (w *Workspace) Write(t *testing.T, configuration string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, "main.tf"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Files are the files that terraform wrote into the workspace, by path: state, backup, and what is packed in plans. The
// configuration and the provider are left out.
func (w *Workspace) Files(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(w.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == "providers" {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() || strings.HasSuffix(path, ".tf") {
			return nil
		}
		name, err := filepath.Rel(w.Dir, path)
		if err != nil {
			return err
		}
		packed, err := zip.OpenReader(path)
		if err != nil {
			files[name], err = os.ReadFile(path)
			return err
		}
		defer func() { _ = packed.Close() }()
		for _, member := range packed.File {
			content, err := fs.ReadFile(packed, member.Name)
			if err != nil {
				return err
			}
			files[name+"/"+member.Name] = content
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// FindKey looks for a cephx key in base64, decoded, in hexadecimal, or encoded once more, and says in which form it found
// one; an empty text means that it is not there.
func FindKey(content []byte, key string) string {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return "and what was searched for is no key"
	}
	// The first 12 bytes tell only type and time; without them the base64 of 16 bytes begins at a boundary.
	secret := raw[12:]
	for form, pattern := range map[string][]byte{
		"in base64":          []byte(strings.TrimRight(base64.StdEncoding.EncodeToString(secret), "=")[:20]),
		"decoded":            secret,
		"in hexadecimal":     []byte(hex.EncodeToString(secret)),
		"in base64, twice":   []byte(strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(key)), "=")),
		"as a list of bytes": []byte(strings.Trim(fmt.Sprintf("%d", secret), "[]")),
	} {
		if bytes.Contains(content, pattern) {
			return form
		}
	}
	return ""
}

// Canary is a text with two keys that nobody has, one in base64 and one decoded, to be planted where no key may be found: a
// detector that misses it would miss a key. The keys are told by the form in which [FindKey] has to find them.
func Canary(t testing.TB) (text string, keys map[string]string) {
	t.Helper()
	head := []byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	// Letters stand in a text, a state and a log as they are.
	bare := rand.Text()[:16]
	encoded := base64.StdEncoding.EncodeToString(append(bytes.Clone(head), secret...))
	return encoded + " " + bare, map[string]string{
		"in base64": encoded, "decoded": base64.StdEncoding.EncodeToString(append(bytes.Clone(head), bare...)),
	}
}

// ExpectCanary fails the test when the detector misses a key of the canary in what was found at a place.
func ExpectCanary(t testing.TB, place string, content []byte, keys map[string]string) {
	t.Helper()
	for form, key := range keys {
		if got := FindKey(content, key); got != form {
			t.Errorf("of the canary %s, %q was found in the %d bytes of %s", form, got, len(content), place)
		}
	}
}

// ProviderLog are the lines of Terraform's log that come from the provider, with those that continue them.
func ProviderLog(log []byte) []byte {
	var lines []byte
	provider := false
	for line := range bytes.Lines(log) {
		if !bytes.HasPrefix(line, []byte("  ")) {
			provider = bytes.Contains(line, []byte("provider.terraform-provider-ceph"))
		}
		if provider {
			lines = append(lines, line...)
		}
	}
	return lines
}
