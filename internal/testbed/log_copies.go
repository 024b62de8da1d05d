package testbed

import (
	"os"
	"path/filepath"
)

// logPatterns are the logs within a bed's folder. Other files of these names are not among them: a monitor's database, which holds keys,
// has its journals in files that end with .log too.
var logPatterns = []string{"*/log/*", "*/*.out", "*/" + consoleFolder + "/*.log", "*/cache/libvirt/qemu/log/*.log"}

// CopyLogs copies what the bed's daemons and guests have written to their logs into a folder named like the bed's, under dir.
func (b *Bed) CopyLogs(dir string) error {
	for _, pattern := range logPatterns {
		logs, err := filepath.Glob(filepath.Join(b.Dir, pattern))
		if err != nil {
			return err
		}
		for _, log := range logs {
			within, err := filepath.Rel(filepath.Dir(b.Dir), log)
			if err != nil {
				return err
			}
			content, err := os.ReadFile(log)
			if err != nil {
				return err
			}
			to := filepath.Join(dir, within)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(to, content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
