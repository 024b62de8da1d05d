package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var (
	shownBlock       = regexp.MustCompile(`(?ms)^(?:(?:resource|data|ephemeral|list) "(\w+)" "\w+"|import) \{\n(.*?)^\}`)
	importedType     = regexp.MustCompile(`(?m)^\s*to\s*=\s*(\w+)\.`)
	libvirtType      = regexp.MustCompile(`^libvirt_`)
	providerArgument = regexp.MustCompile(`(?m)^\s*provider\s*=\s*ceph\b`)
)

// Every block of a libvirt_* type that a user may copy names the provider: without it Terraform, and for an import block
// OpenTofu, looks for another one, named libvirt.
func TestShownBlocksOfLibvirtTypesNameTheProvider(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := map[string]int{}
	for _, place := range []string{"README.md", "docs", "examples", "templates"} {
		err := filepath.WalkDir(filepath.Join(root, place), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, block := range shownBlock.FindAllSubmatch(text, -1) {
				kind, body := "block", block[2]
				name := block[1]
				if imported := importedType.FindSubmatch(body); len(name) == 0 && imported != nil {
					kind, name = "import", imported[1]
				}
				if !libvirtType.Match(name) {
					continue
				}
				seen[kind]++
				if !providerArgument.Match(body) {
					t.Errorf("%s: this %s of %s has no provider = ceph:\n%s", path, kind, name, block[0])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen["import"] < 8 || seen["block"] < 10 {
		t.Errorf("only %v were found: the pages are written in a way that this test does not read", seen)
	}
}
