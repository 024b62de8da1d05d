package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// keptPackages returns the folder in the user's cache that holds the archives of these packages, after a download if they are not there.
func keptPackages(ctx context.Context, name string, packages []string) (string, error) {
	return keptFolder(name, func(work string) (string, error) { return work, downloadPackages(ctx, work, packages) })
}

// keptFolder returns the folder of that name in the user's cache. If it is not there, build makes it, within a working folder that is
// removed afterwards, and returns its path. It appears in the cache as a whole, also where several processes make it at the same time.
func keptFolder(name string, build func(work string) (string, error)) (string, error) {
	kept := cacheFolder(name)
	if _, err := os.Stat(kept); !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(kept), "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	built, err := build(work)
	if err != nil {
		return "", err
	}
	if err := os.Rename(built, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return kept, nil
}

// cacheFolder returns the path of a folder for downloaded files in the user's cache.
func cacheFolder(name string) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir() // no HOME, as under some CI runners
	}
	return filepath.Join(cache, "terraform-provider-ceph", name)
}

func unpackPackages(ctx context.Context, work, tree string, packages []string) error {
	if err := downloadPackages(ctx, work, packages); err != nil {
		return err
	}
	return extractPackages(ctx, work, tree)
}

// downloadPackages downloads the archives of packages to a folder.
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
