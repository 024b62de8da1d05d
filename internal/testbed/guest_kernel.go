package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// guestModules are the drivers that guests need, if their kernel hasn't built them in: PCI, both kinds of disk.
var guestModules = []string{"virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod"}

// kernelPackages are the packages whose dependency is the newest small kernel image, on Debian and on Ubuntu.
var kernelPackages = []string{"linux-image-cloud-amd64", "linux-image-virtual"}

// kernelCache is the cache folder of kernels. Its number changes with the layout of the folder.
const kernelCache = "guest-kernel-1"

var (
	imagePackage   = regexp.MustCompile(`\blinux-image-(?:unsigned-)?[0-9][^\s,|(]*`)
	modulesPackage = regexp.MustCompile(`\blinux-modules-[0-9][^\s,|(]*`)
)

// guestKernel returns a folder with the file vmlinuz and a folder modules, where the names of the drivers sort in the order in which
// they are loaded. The kernel is unpacked from the distribution's package to the user's cache folder. It is never installed, since that
// would change how this machine boots.
func guestKernel(ctx context.Context) (string, error) {
	if kept, err := filepath.Glob(filepath.Join(cacheFolder(kernelCache), "linux-*")); err == nil && len(kept) > 0 {
		return slices.Max(kept), nil
	}
	packages, err := findKernelPackages(ctx)
	if err != nil {
		return "", err
	}
	return keptFolder(filepath.Join(kernelCache, packages[0]), func(work string) (string, error) {
		tree, kernel := filepath.Join(work, "tree"), filepath.Join(work, "kernel")
		if err := unpackPackages(ctx, work, tree, packages); err != nil {
			return "", err
		}
		if err := collectKernel(tree, kernel); err != nil {
			return "", fmt.Errorf("the kernel of %s can't be used for guests: %w", strings.Join(packages, ", "), err)
		}
		return kernel, nil
	})
}

// findKernelPackages returns the package of the kernel image and, where there is one, the package of its modules.
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

// collectKernel copies what guests need from the unpacked packages.
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
