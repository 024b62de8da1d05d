package testbed

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"sync"

	"github.com/cavaliergopher/cpio"
)

// guestFolder is in the bed's folder, and holds the files from which all guests boot.
const guestFolder = "guest"

//go:embed guest_init.sh
var guestInit []byte

// bootMutex lets the first guest make the files before the others look for them.
var bootMutex sync.Mutex

// bootFiles returns the paths of the guests' kernel and initramfs, readable for the hypervisors' user.
func bootFiles(ctx context.Context, dir string) (kernel, initramfs string, err error) {
	bootMutex.Lock()
	defer bootMutex.Unlock()
	folder := filepath.Join(dir, guestFolder)
	kernel, initramfs = filepath.Join(folder, "vmlinuz"), filepath.Join(folder, "initramfs")
	if _, err := os.Stat(initramfs); err == nil {
		return kernel, initramfs, nil
	}
	cached, err := guestKernel(ctx)
	if err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", "", err
	}
	image, err := os.ReadFile(filepath.Join(cached, "vmlinuz"))
	if err != nil {
		return "", "", err
	}
	if err := os.WriteFile(kernel, image, 0o644); err != nil {
		return "", "", err
	}
	// It gets its final name when it is complete: where it exists, both files are complete.
	if err := writeInitramfs(initramfs+".new", filepath.Join(cached, "modules")); err != nil {
		return "", "", err
	}
	return kernel, initramfs, os.Rename(initramfs+".new", initramfs)
}

// writeInitramfs writes busybox, the init script and the drivers as an archive. It isn't compressed, since an emulated processor takes
// longer to decompress a file than to read it.
func writeInitramfs(path, modules string) error {
	busybox, err := lookCommand("busybox")
	if err != nil {
		return err
	}
	files := map[string]string{"bin/busybox": busybox}
	drivers, err := os.ReadDir(modules)
	if err != nil {
		return err
	}
	for _, driver := range drivers {
		files["modules/"+driver.Name()] = filepath.Join(modules, driver.Name())
	}
	output, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer output.Close()
	archive := cpio.NewWriter(output)
	for _, folder := range []string{"bin", "modules"} {
		if err := archive.WriteHeader(&cpio.Header{Name: folder, Mode: cpio.TypeDir | 0o755, Links: 2}); err != nil {
			return err
		}
	}
	if err := addToArchive(archive, "init", guestInit); err != nil {
		return err
	}
	for name, source := range files {
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := addToArchive(archive, name, content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return output.Close()
}

func addToArchive(archive *cpio.Writer, name string, content []byte) error {
	header := &cpio.Header{Name: name, Mode: cpio.TypeReg | 0o755, Size: int64(len(content)), Links: 1}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}
