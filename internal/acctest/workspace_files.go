//go:build cgo

package acctest

import (
	"archive/zip"
	"bytes"
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
