//go:build cgo

package acctest

import (
	"bytes"
)

// ProviderLog returns the lines of Terraform's log that come from the provider, with the lines that continue them.
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
