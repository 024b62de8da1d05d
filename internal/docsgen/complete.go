package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// needed are the files that each type or function must have, by the folder of its page: the page shows them, and tests apply them.
// TYPE stands for its name.
var needed = map[string][]string{
	"resources": {
		"examples/resources/TYPE/resource.tf",
		"examples/resources/TYPE/import.sh",
		"examples/resources/TYPE/import-by-string-id.tf",
		identityExample,
		"templates/notes/resources/TYPE.md", // what deleting does
	},
	"data-sources":        {"examples/data-sources/TYPE/data-source.tf"},
	"ephemeral-resources": {"examples/ephemeral-resources/TYPE/ephemeral-resource.tf"},
	"list-resources":      {"examples/list-resources/TYPE/list-resource.tfquery.hcl"},
	"functions":           {"examples/functions/TYPE/function.tf"},
}

// identityExample imports by resource identity. The Terraform that the tests run may be too old to read it.
const identityExample = "examples/resources/TYPE/import-by-identity.tf"

// missingInIdentityExample returns a line for each attribute that an import by identity needs and that the example does not have.
func missingInIdentityExample(root, name string, identity *tfjson.IdentitySchema) []string {
	text, err := os.ReadFile(filepath.Join(root, strings.Replace(identityExample, "TYPE", name, 1)))
	if err != nil || identity == nil {
		return nil // reported with the files
	}
	var lines []string
	for attribute, schema := range identity.Attributes {
		if schema.RequiredForImport && !strings.Contains(string(text), " "+attribute+" ") {
			lines = append(lines, name+" has an example of an import by identity without "+attribute)
		}
	}
	return lines
}

// typeNames returns the names of all types by the folder of their pages.
func typeNames(whole *tfjson.ProviderSchema) map[string][]string {
	names := map[string][]string{}
	for folder, schemas := range map[string]map[string]*tfjson.Schema{
		"resources":           whole.ResourceSchemas,
		"data-sources":        whole.DataSourceSchemas,
		"ephemeral-resources": whole.EphemeralResourceSchemas,
		"list-resources":      whole.ListResourceSchemas,
	} {
		for name := range schemas {
			names[folder] = append(names[folder], name)
		}
		slices.Sort(names[folder])
	}
	names["functions"] = slices.Sorted(maps.Keys(whole.Functions))
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
	for _, name := range typeNames(whole)["resources"] {
		if whole.ListResourceSchemas[name] == nil {
			lines = append(lines, name+" has an identity and can't be listed")
		}
		lines = append(lines, missingInIdentityExample(root, name, whole.ResourceIdentitySchemas[name])...)
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
