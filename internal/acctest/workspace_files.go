//go:build cgo

package acctest

import (
	"archive/zip"
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

// Files returns the files that terraform wrote into the workspace, by path: state, backup, and the files within plans. The
// configuration and the provider are left out.
func (w *Workspace) Files(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filesIn(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// filesIn is an error where anything can't be read: a search for keys must not miss it.
func filesIn(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "providers" && filepath.Base(filepath.Dir(path)) == ".terraform" {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() || strings.HasSuffix(path, ".tf") {
			return nil
		}
		name, err := filepath.Rel(dir, path)
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
	return files, err
}
