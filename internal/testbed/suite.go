package testbed

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Suite is a release of Debian that need not be the one of this machine.
type Suite struct {
	// Name is the release's, such as trixie.
	Name string
	// Mirror is the address of its packages; empty for the mirror of Debian that this machine's apt uses.
	Mirror string
	// Architecture is that of its packages; empty for amd64.
	Architecture string
}

// debianKeyring holds the keys that Debian signs its releases with.
const debianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// Unpack returns a folder in the user's cache with the files of packages, after a download if they are not there. With dependencies it
// holds the files of all that the packages depend on too. Nothing is installed, and apt's own lists stay as they are.
func (s Suite) Unpack(ctx context.Context, name string, packages []string, dependencies bool) (string, error) {
	architecture := cmp.Or(s.Architecture, "amd64")
	return keptFolder(name+"-"+s.Name+"-"+architecture, func(work string) (string, error) {
		if err := s.download(ctx, work, architecture, packages, dependencies); err != nil {
			return "", fmt.Errorf("can't download %s of Debian's %s: %w", strings.Join(packages, ", "), s.Name, err)
		}
		tree := filepath.Join(work, "tree")
		return tree, extractPackages(ctx, filepath.Join(work, "archives"), tree)
	})
}

// download puts the archives of packages into the folder archives of a folder that holds all that apt needs.
func (s Suite) download(ctx context.Context, work, architecture string, packages []string, dependencies bool) error {
	for _, folder := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(work, folder), 0o755); err != nil {
			return err
		}
	}
	own := []string{
		"Dir::State=" + work, "Dir::State::status=" + filepath.Join(work, "status"), "Dir::Cache=" + work, "Debug::NoLocking=true",
		"APT::Sandbox::User=root", "Acquire::Languages=none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		// Without it a list that can't be fetched is only a warning.
		"APT::Update::Error-Mode=any",
	}
	mirror, err := s.mirror(ctx, own)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("deb [arch=%s signed-by=%s] %s %s main\n", architecture, debianKeyring, mirror, s.Name)
	for name, content := range map[string]string{"sources.list": line, "status": ""} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	own = append(own, "APT::Architecture="+architecture, "APT::Architectures="+architecture, "APT::Install-Recommends=false",
		"Dir::Etc::SourceList="+filepath.Join(work, "sources.list"), "Dir::Etc::SourceParts=-")
	if _, err := aptGet(ctx, work, own, "update"); err != nil {
		return err
	}
	if dependencies {
		_, err = aptGet(ctx, work, own, append([]string{"install", "--download-only", "--yes"}, packages...)...)
	} else {
		_, err = aptGet(ctx, filepath.Join(work, "archives"), own, append([]string{"download"}, packages...)...)
	}
	return err
}

// mirror returns the address of the suite's packages. The options are for an apt with lists of its own, which is asked where this machine
// has fetched none yet.
func (s Suite) mirror(ctx context.Context, own []string) (string, error) {
	if s.Mirror != "" {
		return s.Mirror, nil
	}
	mirror, fetched, err := debianMirror(ctx, nil)
	if err == nil && !fetched {
		if _, err := aptGet(ctx, "/", own, "update"); err != nil {
			return "", err
		}
		mirror, _, err = debianMirror(ctx, own)
	}
	if err == nil && mirror == "" {
		err = errors.New("this machine's apt knows no mirror of Debian: set DEBIAN_MIRROR to the address of one")
	}
	return mirror, err
}

// debianMirror returns the address of the first mirror of Debian's releases that apt knows, empty where there is none. It also reports
// whether apt has fetched any lists, without which it knows none.
func debianMirror(ctx context.Context, options []string) (mirror string, fetched bool, err error) {
	// Security has its releases elsewhere, under names of its own.
	const format = "$(ORIGIN) $(LABEL) $(SITE)"
	output, err := aptGet(ctx, "/", options, "indextargets", "--format", format, "Created-By: Packages")
	if err != nil {
		return "", false, err
	}
	for line := range strings.Lines(string(output)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "Debian" && fields[1] == "Debian" {
			return fields[2], true, nil
		}
	}
	return "", len(output) > 0, nil
}

// aptGet returns what apt-get has written to its standard output.
func aptGet(ctx context.Context, folder string, options []string, args ...string) ([]byte, error) {
	argv := []string{"--quiet"}
	for _, option := range options {
		argv = append(argv, "-o", option)
	}
	command := exec.CommandContext(ctx, "apt-get", append(argv, args...)...)
	command.Dir = folder
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("apt-get %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return output, nil
}
