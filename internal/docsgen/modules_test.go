package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeModule writes a module with these lines of HCL and the template of its page, and returns the root of the repository.
func fakeModule(t *testing.T, configuration string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"examples/modules/shelf/main.tf": configuration,
		"templates/modules/shelf.md":     "# shelf\n\n{{ file \"examples/modules/shelf/main.tf\" }}\n\n{{ inputs }}\n{{ outputs }}",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestModulePageHasTables(t *testing.T) {
	root := fakeModule(t, `
variable "zone" {
  description = "Where it stands."
  type        = set(string)
  default     = ["a", "b"]
}
variable "books" {
  description = "The \"books\"."
  type = map(object({
    title = string
    pages = optional(number)
  }))
}
output "full" {
  description = "Whether no book has room."
  value       = provider::ceph::anything(var.books)
}
`)
	readmes, err := moduleReadmes(root)
	if err != nil {
		t.Fatal(err)
	}
	page := readmes["examples/modules/shelf/README.md"]
	for _, line := range []string{
		"```terraform\nvariable \"zone\" {",
		"| `books` | The \"books\". | `map(object({ title = string, pages = optional(number) }))` | required |\n| `zone` |",
		"| `zone` | Where it stands. | `set(string)` | `[\"a\", \"b\"]` |",
		"| `full` | Whether no book has room. |",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("%q is missing in:\n%s", line, page)
		}
	}

	if err := staleReadmes(root, readmes); err == nil || !strings.Contains(err.Error(), "shelf/README.md is stale from line 1") {
		t.Errorf("a page that is missing was not told: %v", err)
	}
	if err := writeReadmes(root, readmes); err != nil {
		t.Fatal(err)
	}
	if err := staleReadmes(root, readmes); err != nil {
		t.Error(err)
	}
}

func TestModuleNeedsDescriptionsAndTypes(t *testing.T) {
	for name, configuration := range map[string]string{
		"variable books": `variable "books" { description = "Without a type." }`,
		"variable zone":  `variable "zone" { type = string }`,
		"output full":    `output "full" { value = 1 }`,
	} {
		if _, err := moduleReadmes(fakeModule(t, configuration)); err == nil || !strings.Contains(err.Error(), name+" needs a description") {
			t.Errorf("%s was accepted: %v", name, err)
		}
	}
}
