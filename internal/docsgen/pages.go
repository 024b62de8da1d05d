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
)

// readTree returns the text of every file below dir by its path with slashes; nothing where there is no such folder.
func readTree(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(name) // #nosec G122 -- our own tree
		if err != nil {
			return err
		}
		short, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(short)] = string(text)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return files, nil
	}
	return files, err
}

// write makes dir hold these pages and nothing else.
func write(dir string, pages map[string]string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, text := range pages {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { // #nosec G301 -- pages are for everybody
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil { // #nosec G306 -- pages are for everybody
			return err
		}
	}
	return nil
}

// stale returns an error that names every page in dir that is missing, differs or should not be there.
func stale(dir string, pages map[string]string) error {
	there, err := readTree(dir)
	if err != nil {
		return err
	}
	var lines []string
	for name, text := range pages {
		switch found, ok := there[name]; {
		case !ok:
			lines = append(lines, name+": missing")
		case found != text:
			lines = append(lines, name+": differs from line "+fmt.Sprint(firstDifference(found, text)))
		}
		delete(there, name)
	}
	for name := range maps.Keys(there) {
		lines = append(lines, name+": nothing makes this page")
	}
	if len(lines) == 0 {
		return nil
	}
	slices.Sort(lines)
	return fmt.Errorf("%s/ is stale; run: make generate, and commit what it writes\n  %s", dir, strings.Join(lines, "\n  "))
}

func firstDifference(a, b string) int {
	lines := strings.Split(b, "\n")
	for i, line := range strings.Split(a, "\n") {
		if i >= len(lines) || line != lines[i] {
			return i + 1
		}
	}
	return strings.Count(a, "\n") + 1
}
