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

// hosts are where Terraform and OpenTofu look for an address without a host.
var hosts = []string{"registry.terraform.io", "registry.opentofu.org"}

// Mirror lays the provider binary into dir as a filesystem mirror and writes a command-line configuration that knows
// this one place only, so that init asks no network. It returns the configuration's path, for TF_CLI_CONFIG_FILE.
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

// layOut puts the binary as that version into a filesystem mirror, for Terraform and for OpenTofu.
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

// replace copies the binary beside its destination and renames it: a Terraform that runs from the mirror keeps the old
// one, and a link would change under the lock file with the next build.
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
