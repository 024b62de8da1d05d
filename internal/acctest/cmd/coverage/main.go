// Command coverage compares the table in CONTRIBUTING, which says which steps of each attribute a second view
// has confirmed, with the notes of the last whole test run. With -write it writes the table.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/coverage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/libvirtrbddisk"
)

const (
	notes = "build/coverage"
	file  = "CONTRIBUTING.md"
	begin = "<!-- coverage: written by make coverage -->\n\n"
	end   = "\n<!-- end of coverage -->"
)

func main() {
	write := flag.Bool("write", false, "write the table to "+file)
	flag.Parse()
	if err := run(*write); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(write bool) error {
	seen, err := coverage.Read(notes)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, table, after, err := section(string(content))
	if err != nil {
		return err
	}
	rows := rows(context.Background())
	updated := coverage.Table(rows, seen, explained)
	if write {
		if err := os.WriteFile(file, []byte(before+updated+after), 0o644); err != nil {
			return err
		}
	}
	if missing := coverage.Missing(rows, seen, explained); len(missing) > 0 {
		return fmt.Errorf("no test has shown, and the explanations of internal/acctest/cmd/coverage lack:\n  %s",
			strings.Join(missing, "\n  "))
	}
	if !write && updated != table {
		return fmt.Errorf("the table in %s is not what the tests have seen: run make coverage, and commit %s:\n%s",
			file, file, difference(table, updated))
	}
	return nil
}

// difference shows the lines in which two tables differ; empty where they are the same.
func difference(table, updated string) string {
	return cmp.Diff(strings.Split(table, "\n"), strings.Split(updated, "\n"))
}

// section cuts a text into the table and what is before and after it.
func section(content string) (before, table, after string, err error) {
	before, rest, found := strings.Cut(content, begin)
	table, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", "", "", fmt.Errorf("%s has no place for the table", file)
	}
	return before + begin, table, end + after, nil
}

// rows are the arguments and attributes of all resources, in order.
func rows(ctx context.Context) []coverage.Row {
	var rows []coverage.Row
	for _, constructor := range provider.New("coverage", nil)().Resources(ctx) {
		one := constructor()
		var meta resource.MetadataResponse
		one.Metadata(ctx, resource.MetadataRequest{}, &meta)
		var reply resource.SchemaResponse
		one.Schema(ctx, resource.SchemaRequest{}, &reply)
		names := make([]string, 0, len(reply.Schema.Attributes))
		for name := range reply.Schema.Attributes {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			rows = append(rows, coverage.Row{
				Resource: meta.TypeName, Attribute: name,
				Marks: expected(meta.TypeName, reply.Schema.Attributes[name]),
			})
		}
	}
	return rows
}

// expected are the marks that a schema asks for, and that a disk does, which can be in a running domain and in a transient one.
func expected(resourceType string, attribute schema.Attribute) []coverage.Mark {
	var marks []coverage.Mark
	switch {
	case attribute.IsRequired():
		marks = []coverage.Mark{coverage.Set, coverage.Changed, coverage.Imported, coverage.Drifted}
	case attribute.IsOptional():
		marks = slices.Clone(coverage.Steps)
	default:
		marks = []coverage.Mark{coverage.Set}
	}
	if resourceType == libvirtrbddisk.TypeName {
		marks = append(marks, coverage.Running, coverage.Transient)
	}
	return marks
}
