package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The modules and the templates of their pages: examples/modules/NAME and templates/modules/NAME.md.
const (
	modulesFolder         = "examples/modules"
	moduleTemplatesFolder = "templates/modules"
)

// moduleReadmes returns the page of each module by its path. A template has {{ inputs }} and {{ outputs }} for the tables of them, and
// {{ file "PATH" }} for a file of the repository.
func moduleReadmes(root string) (map[string]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, modulesFolder))
	if err != nil {
		return nil, err
	}
	readmes := map[string]string{}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		folder := path.Join(modulesFolder, entry.Name())
		inputs, outputs, err := readModule(filepath.Join(root, folder))
		if err != nil {
			return nil, err
		}
		page, err := template.New(entry.Name() + ".md").Funcs(template.FuncMap{
			"inputs":  func() string { return inputsTable(inputs) },
			"outputs": func() string { return outputsTable(outputs) },
			"file": func(name string) (string, error) {
				text, err := os.ReadFile(filepath.Join(root, name))
				return "```terraform\n" + strings.TrimSpace(string(text)) + "\n```", err
			},
		}).ParseFiles(filepath.Join(root, moduleTemplatesFolder, entry.Name()+".md"))
		if err != nil {
			return nil, err
		}
		var text strings.Builder
		text.WriteString("<!-- written by make generate from " + moduleTemplatesFolder + "/" + entry.Name() + ".md -->\n\n")
		if err := page.Execute(&text, nil); err != nil {
			return nil, err
		}
		readmes[path.Join(folder, "README.md")] = text.String()
	}
	return readmes, nil
}

// writeReadmes writes the pages of the modules.
func writeReadmes(root string, readmes map[string]string) error {
	for name, text := range readmes {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil { // #nosec G306 -- pages are for everybody
			return err
		}
	}
	return nil
}

// staleReadmes returns an error that names each page of a module that differs from its file.
func staleReadmes(root string, readmes map[string]string) error {
	var all []error
	for _, name := range slices.Sorted(maps.Keys(readmes)) {
		text := readmes[name]
		if found, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(found) != text {
			all = append(all, fmt.Errorf("%s is stale from line %d; run: make generate, and commit what it writes", name,
				firstDifference(string(found), text)))
		}
	}
	return errors.Join(all...)
}

// moduleValue is a variable or an output of a module. Type and Default are as they are written.
type moduleValue struct {
	Name, Description, Type, Default string
}

// readModule returns the variables and the outputs of a module, each sorted by name. One without a description is an error, and a
// variable without a type.
func readModule(folder string) (inputs, outputs []moduleValue, err error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		return nil, nil, err
	}
	parser := hclparse.NewParser()
	for _, name := range names {
		file, diagnostics := parser.ParseHCLFile(name)
		if diagnostics.HasErrors() {
			return nil, nil, diagnostics
		}
		body, ok := file.Body.(*hclsyntax.Body)
		if !ok {
			return nil, nil, fmt.Errorf("%s is not in HCL's own syntax", name)
		}
		for _, block := range body.Blocks {
			if block.Type != "variable" && block.Type != "output" {
				continue
			}
			found := moduleValue{Name: block.Labels[0]}
			for argument, attribute := range block.Body.Attributes {
				written := string(attribute.Expr.Range().SliceBytes(file.Bytes))
				switch argument {
				case "description":
					value, diagnostics := attribute.Expr.Value(nil)
					if diagnostics.HasErrors() {
						return nil, nil, diagnostics
					}
					found.Description = value.AsString()
				case "type":
					found.Type = oneLine(written)
				case "default":
					found.Default = oneLine(written)
				}
			}
			if found.Description == "" || block.Type == "variable" && found.Type == "" {
				return nil, nil, fmt.Errorf("%s: %s %s needs a description, and a variable a type", name, block.Type, found.Name)
			}
			if block.Type == "variable" {
				inputs = append(inputs, found)
			} else {
				outputs = append(outputs, found)
			}
		}
	}
	byName := func(a, b moduleValue) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(inputs, byName)
	slices.SortFunc(outputs, byName)
	return inputs, outputs, nil
}

// oneLine returns an expression on one line, with commas where its line breaks stood between elements.
func oneLine(expression string) string {
	var joined string
	for line := range strings.Lines(expression) {
		line = strings.Join(strings.Fields(line), " ")
		switch {
		case joined == "" || strings.HasSuffix(joined, "("):
			joined += line
		case strings.HasSuffix(joined, "{") || strings.HasSuffix(joined, ",") || strings.HasPrefix(line, "}"):
			joined += " " + line
		default:
			joined += ", " + line
		}
	}
	return joined
}

// inputsTable is the table of a module's variables: those that are required come first.
func inputsTable(inputs []moduleValue) string {
	var required, optional string
	for _, input := range inputs {
		if input.Default == "" {
			required += fmt.Sprintf("| `%s` | %s | `%s` | required |\n", input.Name, input.Description, input.Type)
		} else {
			optional += fmt.Sprintf("| `%s` | %s | `%s` | `%s` |\n", input.Name, input.Description, input.Type, input.Default)
		}
	}
	return "## Inputs\n\n| Name | Description | Type | Default |\n|---|---|---|---|\n" + required + optional
}

// outputsTable is the table of a module's outputs.
func outputsTable(outputs []moduleValue) string {
	text := "## Outputs\n\n| Name | Description |\n|---|---|\n"
	for _, output := range outputs {
		text += fmt.Sprintf("| `%s` | %s |\n", output.Name, output.Description)
	}
	return text
}
