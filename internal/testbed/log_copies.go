package testbed

import (
	"io/fs"
	"os"
	"path/filepath"
)

// CopyLogs copies what the bed's daemons and guests have written to their logs into a folder named like the bed's, under dir.
func (b *Bed) CopyLogs(dir string) error {
	return filepath.WalkDir(b.Dir, func(path string, entry fs.DirEntry, err error) error {
		if extension := filepath.Ext(path); err != nil || !entry.Type().IsRegular() || extension != ".log" && extension != ".out" {
			return err
		}
		within, err := filepath.Rel(filepath.Dir(b.Dir), path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, within)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o644)
	})
}
