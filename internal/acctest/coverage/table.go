package coverage

import (
	"fmt"
	"slices"
	"strings"
)

// Row is an attribute that the table must have a row for.
type Row struct {
	Resource, Attribute string
	// Marks are those that its schema makes possible: a required attribute is never cleared, a computed one only read.
	Marks []Mark
}

// Explained are the reasons of marks that no test can show, by "resource attribute mark".
type Explained map[string]string

// Table writes the rows with what was seen: a cross for a mark that was seen, the number of a reason, a dash for a mark
// that the schema excludes, and nothing for a gap.
func Table(rows []Row, seen Seen, explained Explained) string {
	var table, notes strings.Builder
	table.WriteString("| resource | attribute |")
	for _, mark := range Marks {
		fmt.Fprintf(&table, " %s |", mark)
	}
	table.WriteString("\n|---|---|" + strings.Repeat(":-:|", len(Marks)) + "\n")
	numbers := map[string]int{}
	for _, row := range rows {
		fmt.Fprintf(&table, "| %s | %s |", row.Resource, row.Attribute)
		for _, mark := range Marks {
			fmt.Fprintf(&table, " %s |", cell(row, mark, seen, explained, numbers, &notes))
		}
		table.WriteString("\n")
	}
	if notes.Len() == 0 {
		return table.String()
	}
	return table.String() + "\n" + notes.String()
}

func cell(row Row, mark Mark, seen Seen, explained Explained, numbers map[string]int, notes *strings.Builder) string {
	if seen[row.Resource][row.Attribute][mark] {
		return "x"
	}
	reason, ok := explained[key(row.Resource, row.Attribute, mark)]
	if !ok {
		if !slices.Contains(row.Marks, mark) {
			return "–"
		}
		return ""
	}
	if numbers[reason] == 0 {
		numbers[reason] = len(numbers) + 1
		fmt.Fprintf(notes, "%d. %s\n", numbers[reason], reason)
	}
	return fmt.Sprint(numbers[reason])
}

// ReadTable returns the marks that a table has crosses for.
func ReadTable(table string) Seen {
	seen := Seen{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != len(Marks)+4 {
			continue
		}
		for i, mark := range Marks {
			if strings.TrimSpace(cells[i+3]) == "x" {
				seen.add(strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), mark)
			}
		}
	}
	return seen
}

// Missing lists the marks that a row should have and that were neither seen nor explained.
func Missing(rows []Row, seen Seen, explained Explained) []string {
	var missing []string
	for _, row := range rows {
		for _, mark := range row.Marks {
			if _, ok := explained[key(row.Resource, row.Attribute, mark)]; !ok && !seen[row.Resource][row.Attribute][mark] {
				missing = append(missing, key(row.Resource, row.Attribute, mark))
			}
		}
	}
	return missing
}

func key(resource, attribute string, mark Mark) string {
	return resource + " " + attribute + " " + string(mark)
}
