package testbed

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

type kernelModule struct {
	name    string
	content []byte
}

// moduleTree finds kernel modules and puts each after those on which it depends.
type moduleTree struct {
	paths   map[string]string // by name, with underscores
	builtIn map[string]bool
	ordered []kernelModule
}

func newModuleTree(tree string) (*moduleTree, error) {
	t := &moduleTree{paths: map[string]string{}, builtIn: map[string]bool{}}
	err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if entry.Name() == "modules.builtin" {
			content, err := os.ReadFile(path)
			for line := range strings.Lines(string(content)) {
				t.builtIn[moduleName(strings.TrimSpace(line))] = true
			}
			return err
		}
		if strings.Contains(entry.Name(), ".ko") {
			t.paths[moduleName(path)] = path
		}
		return nil
	})
	return t, err
}

// moduleName turns …/virtio-rng.ko.xz into virtio_rng.
func moduleName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

func (t *moduleTree) add(name string) error {
	if t.builtIn[name] || slices.ContainsFunc(t.ordered, func(m kernelModule) bool { return m.name == name }) {
		return nil
	}
	path, ok := t.paths[name]
	if !ok {
		return fmt.Errorf("it has no driver %s", name)
	}
	content, err := readModule(path)
	if err != nil {
		return err
	}
	needed, err := moduleDependencies(content)
	if err != nil {
		return fmt.Errorf("driver %s: %w", name, err)
	}
	for _, dependency := range needed {
		if err := t.add(dependency); err != nil {
			return err
		}
	}
	t.ordered = append(t.ordered, kernelModule{name, content})
	return nil
}

// readModule returns a module's content. Some distributions compress modules, and the guest's busybox can't decompress them.
func readModule(path string) ([]byte, error) {
	switch filepath.Ext(path) {
	case ".xz":
		return exec.Command("busybox", "xzcat", path).Output()
	case ".zst":
		return exec.Command("zstdcat", path).Output()
	}
	return os.ReadFile(path)
}

// moduleDependencies reads the names of the modules on which a module depends. depmod lists them only for an installed kernel.
func moduleDependencies(content []byte) ([]string, error) {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	section := file.Section(".modinfo")
	if section == nil {
		return nil, errors.New("it has no .modinfo")
	}
	information, err := section.Data()
	if err != nil {
		return nil, err
	}
	for _, entry := range strings.Split(string(information), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			return strings.Split(strings.ReplaceAll(list, "-", "_"), ","), nil
		}
	}
	return nil, nil
}
