package testbed

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// guestModules are the drivers that guests need, if their kernel hasn't built them in: PCI, both kinds of disk.
var guestModules = []string{"virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod"}

// kernelPackages are the packages whose dependency is the newest small kernel image, on Debian and on Ubuntu.
var kernelPackages = []string{"linux-image-cloud-amd64", "linux-image-virtual"}

// kernelCache names the form in which a kernel is kept; it changes when that form does.
const kernelCache = "guest-kernel-1"

var (
	imagePackage   = regexp.MustCompile(`\blinux-image-(?:unsigned-)?[0-9][^\s,|(]*`)
	modulesPackage = regexp.MustCompile(`\blinux-modules-[0-9][^\s,|(]*`)
)

// guestKernel returns a folder with the file vmlinuz and, under modules, the drivers named so that they sort in the order
// in which they are loaded. The kernel is unpacked from the distribution's package into the user's cache folder; it is
// never installed, since that would change how this machine boots.
func guestKernel(ctx context.Context) (string, error) {
	cache := cacheFolder(kernelCache)
	if kept, err := filepath.Glob(filepath.Join(cache, "linux-*")); err == nil && len(kept) > 0 {
		return slices.Max(kept), nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	packages, err := findKernelPackages(ctx)
	if err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	tree, kernel := filepath.Join(work, "tree"), filepath.Join(work, "kernel")
	if err := unpackPackages(ctx, work, tree, packages); err != nil {
		return "", err
	}
	if err := collectKernel(tree, kernel); err != nil {
		return "", fmt.Errorf("the kernel of %s can't be used for guests: %w", strings.Join(packages, ", "), err)
	}
	final := filepath.Join(cache, packages[0])
	if err := os.Rename(kernel, final); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return final, nil
}

// cacheFolder is a folder in the user's cache, where what was downloaded once is kept.
func cacheFolder(name string) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir() // no HOME, as under some CI runners
	}
	return filepath.Join(cache, "terraform-provider-ceph", name)
}

// findKernelPackages returns the package of the kernel image and, where they are apart, that of its modules.
func findKernelPackages(ctx context.Context) ([]string, error) {
	for _, name := range kernelPackages {
		image := imagePackage.FindString(dependencies(ctx, name))
		if image == "" {
			continue
		}
		packages := []string{image}
		if modules := modulesPackage.FindString(dependencies(ctx, image)); modules != "" {
			packages = append(packages, modules)
		}
		return packages, nil
	}
	return nil, fmt.Errorf("apt knows none of the kernel packages %s: run apt-get update", strings.Join(kernelPackages, ", "))
}

func dependencies(ctx context.Context, name string) string {
	// A package that apt doesn't know has no dependencies either.
	output, _ := invocation{argv: []string{"apt-cache", "show", "--no-all-versions", name}, environment: os.Environ()}.run(ctx)
	for line := range strings.Lines(string(output)) {
		if list, ok := strings.CutPrefix(line, "Depends:"); ok {
			return list
		}
	}
	return ""
}

func unpackPackages(ctx context.Context, work, tree string, packages []string) error {
	if err := downloadPackages(ctx, work, packages); err != nil {
		return err
	}
	return extractPackages(ctx, work, tree)
}

// downloadPackages puts the packages' archives into a folder.
func downloadPackages(ctx context.Context, folder string, packages []string) error {
	command := exec.CommandContext(ctx, "apt-get", append([]string{"download", "--quiet"}, packages...)...)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("can't download %s (try apt-get update): %w: %s", strings.Join(packages, ", "), err, bytes.TrimSpace(output))
	}
	return nil
}

// extractPackages unpacks all archives of a folder.
func extractPackages(ctx context.Context, folder, tree string) error {
	archives, err := filepath.Glob(filepath.Join(folder, "*.deb"))
	if err != nil {
		return err
	}
	for _, archive := range archives {
		if _, err := (invocation{argv: []string{"dpkg-deb", "--extract", archive, tree}, environment: os.Environ()}).run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// collectKernel copies from the unpacked packages what guests need.
func collectKernel(tree, kernel string) error {
	images, err := filepath.Glob(filepath.Join(tree, "boot", "vmlinuz-*"))
	if err != nil || len(images) == 0 {
		return errors.New("it holds no vmlinuz")
	}
	if err := os.MkdirAll(filepath.Join(kernel, "modules"), 0o755); err != nil {
		return err
	}
	image, err := os.ReadFile(images[0])
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(kernel, "vmlinuz"), image, 0o644); err != nil {
		return err
	}
	modules, err := newModuleTree(tree)
	if err != nil {
		return err
	}
	for _, name := range guestModules {
		if err := modules.add(name); err != nil {
			return err
		}
	}
	for i, m := range modules.ordered {
		path := filepath.Join(kernel, "modules", fmt.Sprintf("%02d-%s.ko", i, m.name))
		if err := os.WriteFile(path, m.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

type kernelModule struct {
	name    string
	content []byte
}

// moduleTree finds kernel modules and puts each behind those that it depends on.
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

// readModule returns a module's content. Some distributions compress them, which the guest's busybox can't undo.
func readModule(path string) ([]byte, error) {
	switch filepath.Ext(path) {
	case ".xz":
		return exec.Command("busybox", "xzcat", path).Output()
	case ".zst":
		return exec.Command("zstdcat", path).Output()
	}
	return os.ReadFile(path)
}

// moduleDependencies reads what depmod would, which runs only when a kernel is installed.
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
