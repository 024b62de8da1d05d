// Command install puts the Debian packages on this machine that the given lists name, and only those that are missing. It
// starts no service and changes none.
//
//	go run ./internal/testbed/cmd/install internal/testbed/packages.txt internal/testbed/packages-build.txt
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, lists []string) error {
	var wanted []string
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			return fmt.Errorf("the list of packages can't be read: %w", err)
		}
		wanted = append(wanted, parseList(string(text))...)
	}

	if _, err := exec.LookPath("apt-get"); err != nil {
		return notDebian(wanted)
	}
	packages, err := missingPackages(ctx, wanted)
	if err != nil || len(packages) == 0 {
		return err
	}
	// Names that this release doesn't know are part of another package here. Only lists that are there can tell.
	if haveLists() {
		packages, err = knownPackages(ctx, packages)
		if err != nil || len(packages) == 0 {
			return err
		}
	}

	fmt.Printf("Installing what is missing (%s). No service of this machine is started or restarted.\n", strings.Join(packages, " "))
	if err := aptGet(ctx, updateArgs); err != nil {
		return err
	}
	packages, err = knownPackages(ctx, packages)
	if err != nil {
		return err
	}
	return aptGet(ctx, append(slices.Clone(installArgs), packages...))
}

// missingPackages asks dpkg, so that a machine that has everything needs neither root nor the network.
func missingPackages(ctx context.Context, wanted []string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n").Output()
	if err != nil {
		return nil, fmt.Errorf("dpkg-query did not list the installed packages: %w", err)
	}
	return missing(wanted, string(out)), nil
}

// haveLists reports whether apt has ever fetched its lists of packages.
func haveLists() bool {
	lists, err := filepath.Glob("/var/lib/apt/lists/*Packages*")
	return err == nil && len(lists) > 0
}

func knownPackages(ctx context.Context, names []string) ([]string, error) {
	command := exec.CommandContext(ctx, "apt-cache", append([]string{"policy"}, names...)...)
	command.Env = append(os.Environ(), "LC_ALL=C")
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("apt-cache policy failed: %w", err)
	}
	return known(names, string(out)), nil
}

// aptGet runs one apt-get command as root.
func aptGet(ctx context.Context, args []string) error {
	argv := append(append([]string{"env"}, quiet...), append([]string{"apt-get"}, args...)...)
	if os.Geteuid() != 0 {
		if _, err := exec.LookPath("sudo"); err != nil {
			return errors.New("packages are missing, and installing them needs root: run this as root, install sudo, or run as root\n  apt-get " +
				strings.Join(args, " "))
		}
		argv = append([]string{"sudo"}, argv...)
	}
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	// apt-get ends cleanly on an interrupt; a kill would leave dpkg half-way.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	if err := command.Run(); err != nil {
		return fmt.Errorf("apt-get %s failed (its own words are above): %w", strings.Join(args, " "), err)
	}
	return nil
}
