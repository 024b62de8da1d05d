package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// needed are the files that every type of a folder has, for its page and for the tests that apply them. TYPE stands for
// its name.
var needed = map[string][]string{
	"resources": {
		"examples/resources/TYPE/resource.tf",
		"examples/resources/TYPE/import.sh",
		"examples/resources/TYPE/import-by-string-id.tf",
		"templates/notes/resources/TYPE.md", // what deleting does
	},
	"data-sources":        {"examples/data-sources/TYPE/data-source.tf"},
	"ephemeral-resources": {"examples/ephemeral-resources/TYPE/ephemeral-resource.tf"},
}

// typeNames returns the names of all types by the folder of their pages.
func typeNames(whole *tfjson.ProviderSchema) map[string][]string {
	names := map[string][]string{}
	for folder, schemas := range map[string]map[string]*tfjson.Schema{
		"resources":           whole.ResourceSchemas,
		"data-sources":        whole.DataSourceSchemas,
		"ephemeral-resources": whole.EphemeralResourceSchemas,
	} {
		for name := range schemas {
			names[folder] = append(names[folder], name)
		}
		slices.Sort(names[folder])
	}
	return names
}

// complete returns an error that names each example or note that a type lacks, and each that belongs to no type.
func complete(root string, whole *tfjson.ProviderSchema) error {
	var lines []string
	for folder, names := range typeNames(whole) {
		for _, name := range names {
			for _, form := range needed[folder] {
				file := strings.Replace(form, "TYPE", name, 1)
				if _, err := os.Stat(filepath.Join(root, file)); errors.Is(err, fs.ErrNotExist) {
					lines = append(lines, name+" lacks "+file)
				}
			}
		}
	}
	for folder := range needed {
		for _, parent := range []string{"examples/" + folder, "templates/notes/" + folder} {
			entries, err := os.ReadDir(filepath.Join(root, parent))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			for _, entry := range entries {
				if !slices.Contains(typeNames(whole)[folder], strings.TrimSuffix(entry.Name(), ".md")) {
					lines = append(lines, parent+"/"+entry.Name()+" belongs to no type that the provider has")
				}
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	slices.Sort(lines)
	return fmt.Errorf("examples or notes don't fit the provider's types:\n  %s", strings.Join(lines, "\n  "))
}
