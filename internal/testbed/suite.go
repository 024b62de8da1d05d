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
	return s.keep(name, func(work string) (string, error) {
		options, err := s.lists(ctx, work)
		if err != nil {
			return "", err
		}
		return s.unpack(ctx, work, options, packages, dependencies)
	})
}

// keep returns a folder in the user's cache that is the suite's, as keptFolder does.
func (s Suite) keep(name string, build func(work string) (string, error)) (string, error) {
	return keptFolder(name+"-"+s.Name+"-"+s.architecture(), build)
}

func (s Suite) architecture() string { return cmp.Or(s.Architecture, "amd64") }

// lists fetches the lists of the suite's packages into a working folder, and returns the options by which apt knows them and no others.
func (s Suite) lists(ctx context.Context, work string) ([]string, error) {
	for _, folder := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(work, folder), 0o755); err != nil {
			return nil, err
		}
	}
	options := []string{
		"Dir::State=" + work, "Dir::State::status=" + filepath.Join(work, "status"), "Dir::Cache=" + work, "Debug::NoLocking=true",
		"APT::Sandbox::User=root", "Acquire::Languages=none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		// Without it a list that can't be fetched is only a warning.
		"APT::Update::Error-Mode=any",
	}
	mirror, err := s.mirror(ctx, options)
	if err != nil {
		return nil, err
	}
	line := fmt.Sprintf("deb [arch=%s signed-by=%s] %s %s main\n", s.architecture(), debianKeyring, mirror, s.Name)
	for name, content := range map[string]string{"sources.list": line, "status": ""} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	options = append(options, "APT::Architecture="+s.architecture(), "APT::Architectures="+s.architecture(), "APT::Install-Recommends=false",
		"Dir::Etc::SourceList="+filepath.Join(work, "sources.list"), "Dir::Etc::SourceParts=-")
	_, err = apt(ctx, "apt-get", work, options, "update")
	return options, err
}

// unpack downloads packages and returns the folder with their files, within the working folder.
func (s Suite) unpack(ctx context.Context, work string, options, packages []string, dependencies bool) (string, error) {
	folder, args := filepath.Join(work, "archives"), append([]string{"download"}, packages...)
	if dependencies {
		args = append([]string{"install", "--download-only", "--yes"}, packages...)
	}
	if _, err := apt(ctx, "apt-get", folder, options, args...); err != nil {
		return "", fmt.Errorf("can't download %s of Debian's %s: %w", strings.Join(packages, ", "), s.Name, err)
	}
	tree := filepath.Join(work, "tree")
	return tree, extractPackages(ctx, folder, tree)
}

// mirror returns the address of the suite's packages. The options are for an apt with lists of its own, which is asked where this machine
// has fetched none yet.
func (s Suite) mirror(ctx context.Context, own []string) (string, error) {
	if s.Mirror != "" {
		return s.Mirror, nil
	}
	mirror, fetched, err := debianMirror(ctx, nil)
	if err == nil && !fetched {
		if _, err := apt(ctx, "apt-get", "/", own, "update"); err != nil {
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
	output, err := apt(ctx, "apt-get", "/", options, "indextargets", "--format", format, "Created-By: Packages")
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

// apt returns what apt-get or apt-cache has written to its standard output.
func apt(ctx context.Context, program, folder string, options []string, args ...string) ([]byte, error) {
	argv := []string{"--quiet"}
	for _, option := range options {
		argv = append(argv, "-o", option)
	}
	command := exec.CommandContext(ctx, program, append(argv, args...)...)
	command.Dir = folder
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", program, args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return output, nil
}
