package terraformcli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// The provider's address, as in required_providers, and the version that a local build is given.
const (
	Source       = "ceph-libvirt/ceph"
	LocalVersion = "0.0.1"
)

// hosts are the registries of Terraform and OpenTofu, the default hosts of a provider address.
var hosts = []string{"registry.terraform.io", "registry.opentofu.org"}

// Mirror makes a filesystem mirror with the provider binary in dir, and writes a command-line configuration that has only this mirror,
// so that init needs no network. It returns the configuration's path, for TF_CLI_CONFIG_FILE.
func Mirror(dir, binary string) (config string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := layOut(filepath.Join(dir, "mirror"), binary, LocalVersion); err != nil {
		return "", err
	}
	config = filepath.Join(dir, "terraform.rc")
	text := fmt.Sprintf("disable_checkpoint = true\n\nprovider_installation {\n  filesystem_mirror {\n    path = %s\n  }\n}\n",
		strconv.Quote(filepath.Join(dir, "mirror")))
	return config, os.WriteFile(config, []byte(text), 0o600)
}

// layOut copies the binary into a filesystem mirror as that version, for Terraform and for OpenTofu.
func layOut(mirror, binary, version string) error {
	for _, host := range hosts {
		folder := filepath.Join(mirror, host, Source, version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
		if err := replace(filepath.Join(folder, "terraform-provider-ceph_v"+version), binary); err != nil {
			return fmt.Errorf("the provider can't be put into %s (make build makes it): %w", folder, err)
		}
	}
	return nil
}

// replace copies the binary to its destination's folder and renames it, so that a running Terraform keeps the old one. A link would not
// do: with the next build the binary would no longer match the lock file.
func replace(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()

	part, err := os.CreateTemp(filepath.Dir(to), ".part-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(part.Name()) }()

	if _, err := io.Copy(part, source); err != nil {
		_ = part.Close()
		return err
	}
	if err := part.Chmod(0o755); err != nil {
		_ = part.Close()
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	return os.Rename(part.Name(), to)
}
