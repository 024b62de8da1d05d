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
	"slices"
	"strings"
)

// Suite is a release of Debian that need not be the one of this machine.
type Suite struct {
	// Name is the release's, such as trixie.
	Name string
	// Mirror is the address of its packages; empty for the mirror of Debian that this machine's apt uses.
	Mirror string
}

// debianKeyring holds the keys that Debian signs its releases with.
const debianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// Unpack returns a folder in the user's cache with the files of packages, after a download if they are not there. With dependencies it
// holds the files of all that the packages depend on too. Nothing is installed, and apt's own lists stay as they are.
func (s Suite) Unpack(ctx context.Context, name string, packages []string, dependencies bool) (string, error) {
	kept := cacheFolder(name + "-" + s.Name)
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
	if err := s.download(ctx, work, packages, dependencies); err != nil {
		return "", fmt.Errorf("can't download %s of Debian's %s: %w", strings.Join(packages, ", "), s.Name, err)
	}
	tree := filepath.Join(work, "tree")
	if err := extractPackages(ctx, filepath.Join(work, "archives"), tree); err != nil {
		return "", err
	}
	if err := os.Rename(tree, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return kept, nil
}

// download puts the archives of packages into the folder archives of a folder that holds all that apt needs.
func (s Suite) download(ctx context.Context, work string, packages []string, dependencies bool) error {
	mirror := s.Mirror
	if mirror == "" {
		var err error
		if mirror, err = debianMirror(ctx); err != nil {
			return err
		}
	}
	for _, folder := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(work, folder), 0o755); err != nil {
			return err
		}
	}
	line := fmt.Sprintf("deb [arch=amd64 signed-by=%s] %s %s main\n", debianKeyring, mirror, s.Name)
	for name, content := range map[string]string{"sources.list": line, "status": ""} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	options := []string{"--quiet"}
	for _, option := range []string{
		"APT::Architecture=amd64", "APT::Architectures=amd64", "APT::Sandbox::User=root", "APT::Install-Recommends=false",
		"Dir::State=" + work, "Dir::State::status=" + filepath.Join(work, "status"), "Dir::Cache=" + work,
		"Dir::Etc::SourceList=" + filepath.Join(work, "sources.list"), "Dir::Etc::SourceParts=-", "Debug::NoLocking=true",
		"Acquire::Languages=none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
	} {
		options = append(options, "-o", option)
	}
	apt := func(folder string, args ...string) error {
		command := exec.CommandContext(ctx, "apt-get", append(slices.Clone(options), args...)...)
		command.Dir = folder
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, bytes.TrimSpace(output))
		}
		return nil
	}
	// Without the option a list that can't be fetched is only a warning.
	if err := apt(work, "update", "-o", "APT::Update::Error-Mode=any"); err != nil {
		return err
	}
	if dependencies {
		return apt(work, append([]string{"install", "--download-only", "--yes"}, packages...)...)
	}
	return apt(filepath.Join(work, "archives"), append([]string{"download"}, packages...)...)
}

// debianMirror returns the address of the first mirror of Debian's releases in this machine's apt.
func debianMirror(ctx context.Context) (string, error) {
	// Security has its releases elsewhere, under names of its own.
	const format = "$(ORIGIN) $(LABEL) $(SITE)"
	output, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", format, "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("apt-get indextargets: %w", err)
	}
	for line := range strings.Lines(string(output)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "Debian" && fields[1] == "Debian" {
			return fields[2], nil
		}
	}
	return "", errors.New("this machine's apt knows no mirror of Debian: run apt-get update, or set DEBIAN_MIRROR to the address of one")
}
