package terraformcli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shownInstallation returns the provider_installation block of the guide that takes only this provider from that folder, with another
// folder in its place.
func shownInstallation(t *testing.T, shown, folder string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "templates", "guides", "installing-and-upgrading.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(page), "```terraform\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		if strings.Contains(block, fmt.Sprintf("%q", shown)) && strings.Contains(block, "include") {
			return strings.ReplaceAll(block, fmt.Sprintf("%q", shown), fmt.Sprintf("%q", folder))
		}
	}
	t.Fatalf("the guide shows no block that takes only this provider from %s", shown)
	return ""
}

// The blocks of the guide find the provider in their folders, for Terraform and for OpenTofu. No registry is asked: what lies in a folder
// here is no program, and no version of it is anywhere else.
func TestShownInstallationFindsTheProvider(t *testing.T) {
	for _, shown := range []string{"/srv/terraform/mirror", "/home/you/.terraform.d/plugins"} {
		folder, binary := t.TempDir(), filepath.Join(t.TempDir(), "built")
		if err := os.WriteFile(binary, []byte("built"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := layOut(folder, binary, LocalVersion); err != nil {
			t.Fatal(err)
		}
		block := shownInstallation(t, shown, folder)
		for i, name := range []string{"terraform", "tofu"} {
			if got := strings.Count(block, fmt.Sprintf("%q", hosts[i]+"/"+Source)); got != 2 {
				t.Errorf("the block for %s names the provider of %s %d times, not once in include and once in exclude", shown, name, got)
			}
			t.Run(filepath.Base(shown)+" "+name, func(t *testing.T) {
				path, err := exec.LookPath(name)
				if err != nil {
					t.Skipf("%s is not on PATH", name)
				}
				initWith(t, path, block)
			})
		}
	}
}
