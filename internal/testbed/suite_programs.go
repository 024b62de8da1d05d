package testbed

import (
	"context"
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// suitePackages are what a shell, make and the tests call, and what any machine has.
//
//go:embed packages-suite.txt
var suitePackages string

// programLinks are names under which a package's own script links a program, by that program. No script of an unpacked package runs.
var programLinks = map[string]string{"awk": "gawk", "nc": "nc.openbsd", "sh": "dash"}

// Programs returns a folder in the user's cache, after a download if it is not there, with a whole folder usr of the suite: what the
// testbed needs, what a build of the provider needs, and what any machine has. Run puts it in the place of this machine's.
func (s Suite) Programs(ctx context.Context) (string, error) {
	return s.keep("programs", func(work string) (string, error) {
		options, err := s.lists(ctx, work)
		if err != nil {
			return "", err
		}
		names, err := apt(ctx, "apt-cache", work, options, "pkgnames")
		if err != nil {
			return "", err
		}
		known := map[string]bool{}
		for name := range strings.FieldsSeq(string(names)) {
			known[name] = true
		}
		packages := slices.DeleteFunc(append(strings.Fields(suitePackages), Packages()...), func(name string) bool { return !known[name] })
		tree, err := s.unpack(ctx, work, options, packages, true)
		if err != nil {
			return "", err
		}
		return tree, errors.Join(mergeIntoUsr(ctx, tree), linkPrograms(tree))
	})
}

// mergeIntoUsr puts the files of packages that still have folders beside usr where every machine of today has them.
func mergeIntoUsr(ctx context.Context, tree string) error {
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		folder := filepath.Join(tree, name)
		info, err := os.Lstat(folder)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			continue
		}
		if err != nil {
			return err
		}
		into := filepath.Join(tree, "usr", name)
		if err := os.MkdirAll(into, 0o755); err != nil {
			return err
		}
		// Links stay links, and no file takes its room twice.
		copied := invocation{argv: []string{"cp", "--archive", "--link", "--force", folder + "/.", into}, environment: os.Environ()}
		if _, err := copied.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

func linkPrograms(tree string) error {
	var all []error
	for name, program := range programLinks {
		err := os.Symlink(program, filepath.Join(tree, "usr", "bin", name))
		if !errors.Is(err, fs.ErrExist) {
			all = append(all, err)
		}
	}
	// Go and Terraform are this machine's own.
	return errors.Join(append(all, os.MkdirAll(filepath.Join(tree, "usr", "local"), 0o755))...)
}
